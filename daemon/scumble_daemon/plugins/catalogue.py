"""Translations: the strings of a plug-in, its .po files, and the .mo files that gettext reads.

Only what our catalogues hold: msgid and msgstr, no plurals and no contexts. The standard library reads
.mo files and writes none, and the gettext tools are not on every machine that builds the plug-ins.
"""

from __future__ import annotations

import ast
import itertools
import re
import string
import struct
from collections.abc import Iterable
from pathlib import Path

HEADER = (
    "Project-Id-Version: scumble\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
)
PROGRAMMERS = frozenset(
    (
        *("bad-mask", "bad-message", "bad-pixels", "bad-request", "unknown-message", "job-id-in-use"),
        *("name-taken", "no-pillow", "not-yours"),
    )
)
"""Codes of errors that only those who write a client, or commands, can bring about: not translated."""


def extract(files: Iterable[Path]) -> list[str]:
    """The literal arguments of ``_()``, and the messages and hints of errors, each once.

    Errors of client, daemon and models reach the artist through the same catalogue, by their English
    sentence. Values in it, of an f-string or of ``format``, are written ``{0}``, ``{1}``: see
    `scumble.editing.sentences`, which finds the sentence again when the values are in it.
    """
    found: dict[str, None] = {}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found.update(dict.fromkeys(_texts(node)))
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("hint", "reason"):
                found.update(dict.fromkeys(_sentences(node.value)))
    return list(found)


def templates(texts: Iterable[str]) -> str:
    """The module `scumble.editing.templates`: those of the texts that have values in them."""
    rows = "".join(f"    {_quoted(text)},\n" for text in sorted(set(texts)) if "{0}" in text)
    return f'"""Errors with values in them. Made by tools/catalogue.py."""\n\nTEMPLATES = (\n{rows})\n'


def read_po(file: Path) -> dict[str, str]:
    """The translations of a .po file, the header under the empty msgid.

    Raises ValueError for a line that is no part of one.
    """
    entries: dict[str, str] = {}
    parts: dict[str, str] = {}
    current = ""
    for number, line in enumerate([*file.read_text(encoding="utf-8").splitlines(), 'msgid ""'], 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith(("msgid ", "msgstr ")):
            current, _, text = text.partition(" ")
            if current == "msgid" and "msgstr" in parts:
                entries[parts["msgid"]] = parts["msgstr"]
                parts = {}
            parts[current] = ""
        if not current or len(text) < 2 or text[0] != '"' or text[-1] != '"':
            raise ValueError(f"{file}:{number}: not a line of a catalogue")
        parts[current] += ast.literal_eval(text)
    return entries


def write_po(file: Path, entries: dict[str, str]) -> None:
    """Write a .po or .pot file; the header comes first, with the language that the file is named after."""
    language = f"Language: {file.stem}\n" if file.suffix == ".po" else ""
    everything = {"": HEADER + language, **entries}
    blocks = [f"msgid {_quoted(key)}\nmsgstr {_quoted(value)}\n" for key, value in everything.items()]
    file.write_text("\n".join(blocks), encoding="utf-8")


def compile_mo(entries: dict[str, str]) -> bytes:
    """The entries in gettext's binary form; untranslated ones are left out."""
    rows = sorted((key.encode(), value.encode()) for key, value in entries.items() if value)
    start = 28 + 16 * len(rows)
    keys = b"".join(key + b"\0" for key, _value in rows)
    tables: list[list[int]] = [[], []]
    for column, offset in ((0, start), (1, start + len(keys))):
        for row in rows:
            tables[column] += [len(row[column]), offset]
            offset += len(row[column]) + 1
    head = struct.pack("<7I", 0x950412DE, 0, len(rows), 28, 28 + 8 * len(rows), 0, start)
    index = struct.pack(f"<{4 * len(rows)}I", *tables[0], *tables[1])
    return head + index + keys + b"".join(value + b"\0" for _key, value in rows)


def _texts(call: ast.Call) -> list[str]:
    function = ast.unparse(call.func)
    if function == "_":
        literals = [argument for argument in call.args[:1] if isinstance(argument, ast.Constant)]
        return [literal.value for literal in literals if isinstance(literal.value, str)]
    hints = [keyword.value for keyword in call.keywords if keyword.arg == "hint"]
    if function == "ScumbleError":  # code, message, hint
        if call.args and ast.unparse(call.args[0]).strip("'") in PROGRAMMERS:
            return []
        return _sentences(*call.args[1:2], *hints)
    if function.endswith("Error") or function == "super().__init__":  # the models': message, hint
        return _sentences(*(call.args[:1] if hints else ()), *hints)
    return []


def _sentences(*nodes: ast.expr) -> list[str]:
    found = []
    for node in nodes:
        if isinstance(node, ast.IfExp):
            found += _sentences(node.body, node.orelse)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [
                part.value for part in node.values if isinstance(part, (ast.Constant, ast.FormattedValue))
            ]
            found.append(_numbered(part if isinstance(part, str) else None for part in parts))
            found += [text for part in parts if isinstance(part, ast.IfExp) for text in _sentences(part)]
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
        ):
            template = node.func.value
            if isinstance(template, ast.Constant) and isinstance(template.value, str):
                pieces = string.Formatter().parse(template.value)
                found.append(_numbered(part for text, name, *_ in pieces for part in _parts(text, name)))
    # What is hardly more than its values is no sentence that could be known again.
    return [text for text in found if len(re.findall(r"[a-z]{2,}", text)) >= 2]


def _parts(text: str, name: str | None) -> list[object]:
    return [text] if name is None else [text, None]


def _numbered(parts: Iterable[object]) -> str:
    """The text of a template; each part that is None is a value."""
    numbers = itertools.count()
    return "".join(part if isinstance(part, str) else f"{{{next(numbers)}}}" for part in parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
