"""The plug-ins' catalogues: they hold every string that an artist can meet, and German says each."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from scumble_daemon.plugins.catalogue import read_po

ROOT = Path(__file__).resolve().parents[2]
LOCALES = {
    "gimp": ROOT / "plugin_gimp" / "scumble-gimp" / "locale" / "scumble-gimp.pot",
    "krita": ROOT / "plugin_krita" / "scumble_krita" / "locale" / "scumble-krita.pot",
}


@pytest.fixture(scope="module")
def sentences():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import sentences

        yield sentences
        for name in ("sentences", "imported"):
            sys.modules.pop(name, None)


@pytest.fixture(params=LOCALES)
def catalogue(request, sentences) -> tuple[Path, list[str]]:
    texts = sentences.gimp_texts() if request.param == "gimp" else sentences.krita_texts()
    return LOCALES[request.param], texts


def test_the_template_holds_every_string_of_the_plugin(catalogue):
    file, texts = catalogue
    assert [key for key in read_po(file) if key] == texts, "run tools/catalogue.py"


def test_the_german_translation_is_complete(catalogue):
    file, texts = catalogue
    german = read_po(file.with_name("de.po"))
    assert [key for key in texts if not german.get(key)] == []


def test_a_translation_names_the_same_values(catalogue):
    file, _ = catalogue
    for key, value in read_po(file.with_name("de.po")).items():
        assert set(re.findall(r"\{.*?\}", key)) == set(re.findall(r"\{.*?\}", value)), value


SOURCE = """
ScumbleError("code", "One {a} and {b} here.", hint="Did you {x}?" if y else "Look there.", a=1, b=2, x=3)
ScumbleError("bad-message", "Nobody meets this.")
ScumbleError(error.code, str(error), hint=error.hint)
FullError("The memory is {size}.", hint="Close other programs.", size=size)
FullError("For those who write programs.")
hint = "Read the page."
HINTS = {1: "Free some space.", 2: "Give a name."}
usual = "Choose another folder."
ScumbleError("code", message, hint=HINTS.get(number, usual))
message = "What a name stands for."
refused(reason="nobody could use it")
ScumbleError("code", "{a} is {b}.", a=1, b=2)
"""


def test_sentences_are_found_in_every_form_that_the_sources_have(sentences, tmp_path):
    source = tmp_path / "source.py"
    source.write_text(SOURCE)
    assert sorted(sentences.extract([source])) == sorted(
        (
            *("One {a} and {b} here.", "Did you {x}?", "Look there.", "The memory is {size}."),
            *("Close other programs.", "Read the page.", "Free some space.", "Give a name."),
            *("Choose another folder.", "What a name stands for.", "nobody could use it"),
        )
    )


def test_what_an_artist_can_meet_is_what_the_daemon_runs(sentences):
    files = {str(file.relative_to(ROOT)) for file in sentences.error_files()}
    assert "models/scumble_models/blend.py" in files
    assert "daemon/scumble_daemon/worker/style_signals.py" in files
    assert not any("scumble_daemon/cli/" in file or "/cluster/" in file for file in files)
