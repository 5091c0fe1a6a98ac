"""The command line: ``scumble stylize``, ``styles``, ``daemon``, ``models``, ``doctor`` and more.

Exit codes: 0 done, 1 a picture or a job failed, 2 the command line was wrong, 130 interrupted.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys

import click

from scumble.errors import ScumbleError

from . import report

# Imported when they are called for: `scumble --help` needs neither NumPy nor a socket.
_COMMANDS = {
    "stylize": "Stylize pictures.",
    "unstyle": "Take the style off pictures that artflow has painted.",
    "styles": "List the styles, add your own, share them.",
    "presets": "Keep settings under a name, for here and the editors.",
    "sweep": "Show a picture in several styles and strengths on one sheet.",
    "batch": "Stylize many pictures, with a report, and resume.",
    "video": "Stylize a clip without flicker: frames or a video file.",
    "look": "Take the look of a photo to other programs, as a LUT.",
    "daemon": "Start, stop and look at the daemon.",
    "plugins": "Put the plug-ins into the editors.",
    "models": "List, import and check models.",
    "train": "Train a network on photos and paintings.",
    "evaluate": "Measure weights against others on the same pairs.",
    "bench": "Measure speed and memory on this machine.",
    "doctor": "Say what is installed, what runs, and what to do about it.",
}
_EXAMPLES = """\b
Examples:
  scumble stylize photo.jpg --style painting.jpg -o out.jpg
  scumble stylize photo.jpg --style irises -o out.jpg
  scumble stylize holiday/*.jpg --style painting.jpg --strength 0.7 -o styled/
  scumble doctor
"""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return importlib.import_module(f".{cmd_name}", __name__).command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = difflib.get_close_matches(args[0], _COMMANDS, 1)
        if near and near[0] != args[0]:
            ctx.fail(f"There is no command {args[0]}. Did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"scumble {version('scumble')}")
        ctx.exit()


@click.group(cls=_Commands, epilog=_EXAMPLES, context_settings={"max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def cli(debug: bool) -> None:
    """Neural style transfer for pictures, GIMP and Krita."""
    if debug:
        os.environ["SCUMBLE_DEBUG"] = "1"


def main() -> None:
    """Run the command line and leave with its exit code; a user never sees a traceback."""
    _open_closed_streams()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:  # full, or closed: what could be said about it has been said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = max(code, 1)
    sys.exit(code)


def _open_closed_streams() -> None:
    """Put something in the place of standard streams that are closed (``>&-``, some schedulers).

    Else the next file that is opened got their number, and was read or written in their stead. What is
    read there or said as a result fails; messages, which nobody would see, are let go.
    """
    for number, name, its, others in (
        (0, "stdin", "r", os.O_WRONLY),
        (1, "stdout", "w", os.O_RDONLY),
        (2, "stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, others)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, its, encoding="utf-8", closefd=False))  # noqa: SIM115


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Messages go to stderr, one line each."""
    try:
        result = cli.main(arguments, prog_name="scumble", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        return max(code, 1) if report.stdout_failed() else code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        report.failure(error.format_message() + _where_to_read(error))
        return 2
    except ScumbleError as error:
        report.error(error)
        return report.exit_code(error)
    except (KeyboardInterrupt, click.Abort):
        report.failure("Interrupted.")
        return 130
    except BrokenPipeError:
        # Whoever read our output (head, less) has left; nothing more to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if isinstance(error, OSError) and _of_echo(error):  # click's own words, such as --help
            report.lost(error)
        else:
            report.unexpected(error)
        return 1


def _of_echo(error: OSError) -> bool:
    """Whether words could not be written, rather than that a command failed."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    return where is not None and where.tb_frame.f_code is click.echo.__code__


def _where_to_read(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f" See {error.ctx.command_path} --help."
    return ""
