"""Write docs/protocol.md: every message, field, limit and error code of the wire, read off the code.

.venv/bin/python tools/protocol.py

Fields come from the dataclasses and what their checks say of themselves, directions from what the daemon's
handlers look for, and errors from every place that raises one (`tools/wire_errors.py`).
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from wire_errors import client_errors, daemon_errors, table

from scumble import errors, job, learn_request, names, request, settings
from scumble.pixels import content, pixels, shared_memory
from scumble.wire import header, messages, questions, session, validators
from scumble_daemon.server import broker
from scumble_daemon.settings import Limits

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "protocol.md"
SERVER = ROOT / "daemon" / "scumble_daemon" / "server"

#: Constants of the protocol, and what each bounds. A test holds that none of these modules has another.
CONSTANTS: dict[ModuleType, dict[str, str]] = {
    session: {
        "MAX_FRAMES": "frames of a message: prelude, mac, header and at most one payload",
        "MAX_PAYLOAD": "bytes of a payload frame",
        "MAX_MESSAGE": "bytes of all frames of a message",
        "KEY_SIZE": "bytes of the connection key",
        "MAC_SIZE": "bytes of the mac frame",
    },
    header: {
        "MAX_HEADER": "bytes of a header frame",
        "MAX_DEPTH": "maps and lists in each other in a header",
    },
    validators: {
        "MAX_ITEMS": "values in all maps and lists of a header together",
        "MAX_TEXT": "characters of a text field",
        "MAX_INT": "of a whole number",
        "MAX_THUMBNAIL": "bytes of a thumbnail",
        "MAX_REVERSAL": "bytes of a `reversal`",
        "DIGEST_SIZE": "bytes of a digest, SHA-256",
        "NONCE_SIZE": "bytes of a nonce",
        "JOB_ID_SIZE": "hexadecimal digits of a job id, lower case",
    },
    messages: {"MAX_DIGESTS": "digests in one question"},
    errors: {
        "MAX_SENTENCE": "characters of the message and of the hint of an error, and of their templates",
        "MAX_VALUES": "values of an error",
        "MAX_VALUE": "characters of a value of an error",
    },
    content: {"LEAF": "bytes of each piece of a content but the last"},
    shared_memory: {"SHARED_FROM": "bytes: smaller contents are not lent"},
    pixels: {"MAX_SIDE": "pixels of a side of an image"},
    job: {"WINDOW": "bytes of a result that this client lets the daemon send ahead"},
    request: {
        "MAX_STYLES": "styles of a job",
        "MAX_REFERENCES": "reference pictures of a job",
    },
    names: {"MAX_NAME": "characters of the name of a style or an engine"},
    settings: {
        "PATCH_RANGE": "pixels of a side of a patch",
        "STROKE_RANGE": "of `stroke_size`",
        "CONTRAST_RANGE": "of `contrast`",
        "DETAIL_RANGE": "of `detail`",
        "PROTECT_RANGE": "of `protect_skin` and `protect_edges`",
    },
    learn_request: {
        "STEPS_RANGE": "of `steps`",
        "MINUTES_RANGE": "of `minutes`",
        "MAX_SEED": "of `seed`",
        "MAX_TITLE": "characters of `title`",
    },
}

INTRO = f"""# Protocol {session.PROTOCOL}

Made by `python tools/protocol.py` from the code; nothing here is typed in, and a test fails when it is out
of date.

This is what the client (`client/scumble/`) and the daemon (`daemon/scumble_daemon/`) say to each other.
Those who use Scumble from Python need none of it: `scumble.Client` speaks it. The daemon binds two ZeroMQ
ROUTER sockets, `job` and `control`; a client has a DEALER for each that it uses. Their endpoints and the
connection key are in `daemon.json` in the user's runtime directory (`scumble.folders.runtime_dir`), which
only that user can read.

## Versions

The prelude of each message carries major and minor version. Another major version is refused with
`protocol-version`. Within one major version keys of a header that are not known are ignored, and what a
minor version adds is named in `welcome.features`: a client asks nothing of a daemon that does not name it.
This daemon's are {{features}}.
"""


def page() -> str:
    """The whole page."""
    features = ", ".join(f"`{name}`" for name in (*broker.FEATURES, broker.FEATURE))
    parts = [INTRO.replace("{features}", features), _frames(), *_messages(), _specs(), _limits(), _errors()]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _frames() -> str:
    return f"## Frames\n\n```text\n{inspect.cleandoc(session.__doc__ or '')}\n```\n\n{_text(header)}\n"


def _text(documented: Any) -> str:
    """The docstring without its first line where that only names the thing, one paragraph a line."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(documented.__doc__ or ""))


# Messages -----------------------------------------------------------------------------------------


def _messages() -> Iterator[str]:
    yield (
        "## Messages\n\nThe header is a map: `type` names the message, the other keys are its fields. "
        "A field without a default must be there. Whoever gets a `request` number repeats it in the answer.\n"
    )
    sides = _sides()
    section = ""
    for cls, of in _in_sections():
        if of != section:
            section = of
            yield f"### {section}\n"
        yield f"#### `{cls.type}`\n\n*{sides.get(cls.__name__, 'daemon → client')}.* {_text(cls)}\n"
        rows = [_row(item) for item in dataclasses.fields(cls)]  # type: ignore[arg-type]
        if rows:
            yield "| field | what it may be | default |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _in_sections() -> Iterator[tuple[type[messages.Message], str]]:
    """The messages in the order of the source, each with the heading of its section there."""
    source = inspect.getsource(messages) + inspect.getsource(questions)
    by_name = {cls.__name__: cls for cls in messages.message_types()}
    section = ""
    for heading, name in re.findall(r"^# (\S.*?) -{9,}$|^class (\w+)\(Message\)", source, re.MULTILINE):
        section = heading or section
        if name:
            yield by_name[name], section


def _row(item: dataclasses.Field[Any]) -> str:
    return f"| `{item.name}` | {item.metadata['check'].__doc__} | {_default(item)} |"


def _default(item: dataclasses.Field[Any]) -> str:
    if item.default_factory is not dataclasses.MISSING:
        return "empty"
    if item.default is dataclasses.MISSING:
        return ""
    if isinstance(item.default, str):
        return f"`{item.default}`" if item.default else "empty"
    return str(item.default).lower()


def _sides() -> dict[str, str]:
    """Who sends each message that a client may send: those that a handler of the daemon looks for."""
    on = {"job": _looked_for("request_handler.py"), "control": _looked_for("control.py")}
    both = on["job"] & on["control"] | {"Hello", "Bye"}
    sides = dict.fromkeys(both, "client → daemon, on either socket")
    for role, classes in on.items():
        sides.update(dict.fromkeys(classes - both, f"client → daemon, on the {role} socket"))
    return sides


def _looked_for(file: str) -> set[str]:
    """The classes `m.X` in every `isinstance` of a file."""
    tree = ast.parse((SERVER / file).read_text(encoding="utf-8"))
    return {
        part.attr
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "isinstance"
        for part in ast.walk(call.args[1])
        if isinstance(part, ast.Attribute)
    }


# Specs --------------------------------------------------------------------------------------------

SPEC = """## What a job says: `submit.spec`

A map with these keys. One that is absent has its default. An image is a map: `digest` of its bytes,
`extent` (width, height), `dtype` ({dtypes}) and `channels` ({channels}); rows from the top, without
padding. A mask is the digest of one byte a pixel. A style of `styles` is a map with `weight`, where it is
masked `mask`, and one of `file` (the digest of an image file's bytes), `pixels` (an image) or `library` (a
name).
"""
LEARN_SPEC = """## What a learning says: `learn.spec`

A map as before; `style` is a map with one of `file`, `pixels` or `library`.
"""


def _specs() -> str:
    dtypes, channels = (
        ", ".join(f"`{name}`" for name in names) for names in (pixels.DTYPES, pixels.CHANNELS)
    )
    rows = _attributes(request.StylizeRequest)
    learning = _attributes(learn_request.LearnRequest)
    return f"{SPEC.format(dtypes=dtypes, channels=channels)}\n{rows}\n{LEARN_SPEC}\n{learning}"


def _attributes(cls: type[Any]) -> str:
    """A table of a dataclass' fields, with what its docstring says of them."""
    said = _attribute_docs(cls)
    rows = "".join(
        f"| `{item.name}` | {said[item.name]} | {_spec_default(item)} |\n" for item in dataclasses.fields(cls)
    )
    return f"| key | what it is | default |\n|---|---|---|\n{rows}"


def _attribute_docs(cls: type[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in (each for each in cls.__mro__ if dataclasses.is_dataclass(each)):
        document = inspect.cleandoc(part.__doc__ or "") + "\n"
        section = re.search(r"^Attributes:\n((?: {4}.*\n|\n)+)", document, re.M)
        assert section is not None, part
        for entry in re.split(r"\n(?=\S)", textwrap.dedent(section[1]).strip()):
            fields, _, text = entry.partition(":")
            found.update({name.strip(): " ".join(text.split()) for name in fields.split(",")})
    return found


def _spec_default(item: dataclasses.Field[Any]) -> str:
    empty = item.default is None or item.default in ("", ())
    return "none" if empty else _default(item)


# Limits and errors --------------------------------------------------------------------------------

LIMITS = """## Limits

A message that breaks one of the wire's is refused with `bad-message` before room is made for it; a job or a
learning that breaks one of its own, with the code of what is wrong.

| name | limit | of what |
|---|---|---|
"""
MACHINE_LIMITS = """
Those of a daemon are its own: `welcome.limits` tells them. These are the defaults, bytes where nothing else
is said; on a smaller machine no more than a quarter of the memory and half of the free disk.

| name | default | of what |
|---|---|---|
"""


def _limits() -> str:
    rows = "".join(
        f"| `{name}` | {_value(getattr(module, name))} | {meaning} |\n"
        for module, names in CONSTANTS.items()
        for name, meaning in names.items()
    )
    said = _attribute_docs(Limits)
    machine = "".join(
        f"| `{name}` | {_value(value)} | {said[name]} |\n" for name, value in Limits().to_dict().items()
    )
    return LIMITS + rows + MACHINE_LIMITS + machine


def _value(value: int | tuple[float, float]) -> str:
    return f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else f"{value:,}"


def _errors() -> str:
    from_daemon = daemon_errors()
    from_client = {code: error for code, error in client_errors().items() if code not in from_daemon}
    return (
        "## Error codes\n\nIn `error.code`, and in `ScumbleError.code` at the client. "
        "What is *retryable* may succeed when it is sent again as it was. … stands for a value.\n\n"
        "### That a daemon may send\n\n"
        + table(from_daemon)
        + "\n### That the client adds\n\n"
        + table(from_client)
    )


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
