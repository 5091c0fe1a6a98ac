"""A picture from a pipe and into one: ``-`` as its name. On the way it lies in a temporary file."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from scumble.errors import ScumbleError

from ..image_formats import EXTENSIONS

FORMATS = ("png", "jpg", "jpeg", "tif", "tiff", "webp")


class Pipes:
    """Which of the names of a command line are pipes. A context manager, which makes their files.

    Raises click.UsageError for what cannot be piped, ScumbleError `image-too-large`, `cannot-read` or
    `cannot-write`.
    """

    def __init__(self, inputs: Sequence[str], output: str, name: str | None, wants_json: bool) -> None:
        self._reads, self._writes = "-" in inputs, output == "-"
        if self._reads and len(inputs) > 1:
            raise click.UsageError("One picture comes through a pipe: give - alone, or names of files.")
        if self._reads and sys.stdin.isatty():
            raise click.UsageError("Nothing is piped in: cat photo.jpg | scumble stylize - ...")
        if self._reads and output.endswith(("/", "\\")):
            raise click.UsageError("What is piped in has no name: give -o a file, or - for a pipe.")
        if name is not None and not self._writes:
            raise click.UsageError("--format is for -o -; a file's format is the end of its name.")
        if self._writes and len(inputs) > 1:
            raise click.UsageError("One picture goes through a pipe: give -o a folder.")
        if self._writes and wants_json:
            raise click.UsageError("The picture goes to the standard output: leave --json away.")
        if self._writes and sys.stdout.isatty():
            raise click.UsageError("A terminal shows no picture: give -o a file, or pipe it on.")
        self.inputs, self.output, self._name = list(inputs), output, name or "png"
        self._folder = ""

    @property
    def writes(self) -> bool:
        """Whether stdout is for the picture alone."""
        return self._writes

    @contextlib.contextmanager
    def opened(self) -> Iterator[Pipes]:
        """With `inputs` and `output` as files; what was written goes out when the block ends well."""
        if not (self._reads or self._writes):
            yield self
            return
        with tempfile.TemporaryDirectory(prefix="scumble-") as folder:
            self._folder = folder
            if self._reads:
                self.inputs = [str(self._read(Path(folder) / "-"))]
            if self._writes:
                self.output = str(Path(folder) / f"-.{self._name}")
            yield self
            if self._writes and Path(self.output).is_file():
                self._write(Path(self.output))

    def named(self, text: str) -> str:
        """The text with ``-`` for the temporary files."""
        return text.replace(f"{self._folder}/", "").replace(f"-.{self._name}", "-") if self._folder else text

    def _read(self, path: Path) -> Path:
        from ..images.limits import MAX_FILE_BYTES

        with path.open("wb") as file:
            left = MAX_FILE_BYTES
            while piece := _piece_of_stdin():
                left -= len(piece)
                if left < 0:
                    raise ScumbleError(
                        "image-too-large", "- is larger than {most} GiB.", most=MAX_FILE_BYTES >> 30
                    )
                file.write(piece)
        return path

    def _write(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ScumbleError(
                "cannot-write",
                "The picture cannot be written to the standard output: {reason}.",
                reason=error.strerror,
            ) from error


def _piece_of_stdin() -> bytes:
    try:
        return sys.stdin.buffer.read(1 << 20)
    except OSError as error:
        raise ScumbleError(
            "cannot-read", "The standard input cannot be read: {reason}.", reason=error.strerror
        ) from error


def refuse_pipe(
    names: Sequence[str], what: str, instead: str = "pipe one picture into scumble stylize -"
) -> None:
    """Raise click.UsageError when one of the names is ``-``, for `what` takes no pipe."""
    if "-" in names:
        raise click.UsageError(f"{what} cannot be piped: {instead}.")


format_option = click.option(
    "--format",
    "output_name",
    type=click.Choice([name for name in FORMATS if f".{name}" in EXTENSIONS], case_sensitive=False),
    help="With -o -: the format that goes into the pipe; png unless you say so.",
)
