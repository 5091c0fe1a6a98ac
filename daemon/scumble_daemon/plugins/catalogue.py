"""Translations: the .po files of a plug-in, and the .mo files that gettext reads.

Only what our catalogues hold: msgid and msgstr, no plurals and no contexts. The standard library reads
.mo files and writes none, and the gettext tools are not on every machine that builds the plug-ins.
"""

from __future__ import annotations

import ast
import struct
from pathlib import Path

HEADER = (
    "Project-Id-Version: scumble\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
)


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


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
