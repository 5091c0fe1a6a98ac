"""Errors with values in them, known again by their template and said in the artist's language."""

from __future__ import annotations

from pathlib import Path

import pytest

from scumble import ScumbleError
from scumble.editing import Texts, templates
from scumble.editing.sentences import translated
from scumble_daemon.plugins import catalogue
from scumble_daemon.plugins.bundle import error_files
from scumble_daemon.plugins.catalogue import extract, read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = (
    ROOT / "plugin_gimp" / "scumble-gimp" / "locale" / "de.po",
    ROOT / "plugin_krita" / "scumble_krita" / "locale" / "de.po",
)


def german(catalogue: Path):
    entries = read_po(catalogue)
    return lambda text: entries.get(text) or text


def test_the_templates_are_those_of_the_sources():
    wanted = catalogue.templates(extract(error_files()))
    assert Path(templates.__file__).read_text(encoding="utf-8") == wanted, "run tools/catalogue.py"


@pytest.mark.parametrize("template", templates.TEMPLATES)
def test_every_sentence_is_known_again_with_its_values(template):
    values = ["/tmp/a (b).png", "'it''s'", "3", "4", "5", "6"]
    said = translated(template.format(*values), lambda text: f"» {text} «" if "{0}" in text else text)
    assert said == f"» {template} «".format(*values)


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=["gimp", "krita"])
def test_both_plugins_say_the_daemons_errors_in_german(catalogue):
    texts = Texts(german(catalogue))
    error = ScumbleError("unknown-style", "There is no style named 'x y' in the library.", hint="Try again.")
    assert texts.error(error) == (
        "In der Bibliothek gibt es keinen Stil namens 'x y'. Versuchen Sie es noch einmal."
    )
    error = ScumbleError("daemon-not-started", "The Scumble daemon could not be started: it ended at once.")
    assert texts.error(error) == "Der Scumble-Dienst ließ sich nicht starten: er endete sofort."


@pytest.mark.parametrize("sentence", ["Something new, of a daemon of tomorrow.", "", "{0}", "100 % {oops}"])
def test_a_sentence_that_nobody_knows_stays_as_it_is(sentence):
    assert translated(sentence, german(CATALOGUES[0])) == sentence


def test_values_may_hold_braces_and_lines():
    said = translated("There is no file {0}\n{x}.", german(CATALOGUES[0]))
    assert said == "Es gibt keine Datei {0}\n{x}."


SOURCE = """
ScumbleError("code", f"One {a:,} and {b!r} here.", hint=f"Did you {x}?" if y else "Look there.")
ScumbleError("code", "Two {} of {:g}.".format(a, b))
ScumbleError("code", f"Three are {a}{' of them' if b else ''}.")
ScumbleError("bad-message", "Nobody meets this.")
ScumbleError(error.code, str(error), hint=error.hint)
FullError(f"The memory is {a}.", hint="Close other programs.")
hint = "Read the page."
"""


def test_sentences_are_found_in_every_form_that_the_sources_have(tmp_path):
    source = tmp_path / "source.py"
    source.write_text(SOURCE)
    assert sorted(extract([source])) == sorted(
        (
            *("One {0} and {1} here.", "Did you {0}?", "Look there.", "Two {0} of {1}.", "Three are {0}{1}."),
            *(" of them", "The memory is {0}.", "Close other programs.", "Read the page."),
        )
    )
