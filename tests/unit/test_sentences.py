"""Errors carry their sentences as templates with values, over pickle and wire, and are said in German."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scumble import ScumbleError
from scumble.editing import Texts
from scumble.errors import MAX_SENTENCE, MAX_VALUE, MAX_VALUES
from scumble.wire import messages as m
from scumble.wire.header import decode_header, encode_header
from scumble_daemon.model_errors import typed
from scumble_daemon.plugins.catalogue import read_po
from scumble_models.errors import DeviceError, UnknownModelError

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = (
    ROOT / "plugin_gimp" / "scumble-gimp" / "locale" / "de.po",
    ROOT / "plugin_krita" / "scumble_krita" / "locale" / "de.po",
)
NAMED = "There is no style named {style} in the library."
ERROR = ScumbleError("unknown-style", NAMED, hint="Did you mean {near}?", style="'x y'", near="waves")


def in_german(catalogue: Path = CATALOGUES[0]) -> Texts:
    entries = read_po(catalogue)
    return Texts(lambda text: entries.get(text) or text)


def over_the_wire(error: ScumbleError) -> ScumbleError:
    message = decode_header(encode_header(m.Error.of(error)))
    assert isinstance(message, m.Error)
    return message.to_error()


def over_a_pipe(error: ScumbleError) -> ScumbleError:
    return pickle.loads(pickle.dumps(error))


def kept(error: ScumbleError) -> ScumbleError:
    return error.unraised()


def test_message_and_hint_are_finished_sentences():
    assert ERROR.message == "There is no style named 'x y' in the library."
    assert ERROR.hint == "Did you mean waves?"
    assert str(ERROR) == f"{ERROR.message} {ERROR.hint}"
    assert ERROR.args == ("unknown-style", ERROR.message)


@pytest.mark.parametrize("carried", [over_the_wire, over_a_pipe, kept])
@pytest.mark.parametrize("catalogue", CATALOGUES, ids=["gimp", "krita"])
def test_both_plugins_say_the_daemons_errors_in_german(catalogue, carried):
    error = carried(ERROR)
    assert error.to_dict() == ERROR.to_dict()
    assert in_german(catalogue).error(error) == (
        "In der Bibliothek gibt es keinen Stil namens 'x y'. Meinten Sie waves?"
    )


def test_a_reason_that_is_a_phrase_of_ours_is_translated_too():
    error = ScumbleError(
        "daemon-not-started", "The Scumble daemon could not be started: {reason}.", reason="it ended at once"
    )
    assert in_german().error(error) == "Der Scumble-Dienst ließ sich nicht starten: er endete sofort."


def test_a_users_name_is_not_translated():
    error = ScumbleError("file-missing", "There is no file {file}.", file="Style")
    assert read_po(CATALOGUES[0])["Style"] != "Style"
    assert in_german().error(error) == "Es gibt keine Datei Style."


def test_models_errors_become_the_same_with_their_values():
    error = typed(DeviceError("There is no device {device}.", hint="Use {a} or {b}.", device="x", a=1, b=2))
    assert (error.code, str(error)) == ("no-such-device", "There is no device x. Use 1 or 2.")
    assert error.values == {"device": "x", "a": "1", "b": "2"}
    unknown = typed(UnknownModelError("microsat", ["microast"]))
    assert in_german().error(unknown) == "Es gibt kein Modell namens 'microsat'. Meinten Sie microast?"


@pytest.mark.parametrize(
    "sentence", ["Something new, of a daemon of tomorrow.", "{0}", "100 % {oops}", "{a!r:>9}"]
)
def test_a_sentence_that_nobody_knows_stays_as_it_is(sentence):
    assert in_german().error(ScumbleError("new", sentence)) == sentence
    assert in_german().error(over_the_wire(ScumbleError("new", sentence, oops="1"))) == sentence.replace(
        "{oops}", "1"
    )


def test_values_may_hold_braces_and_lines():
    error = over_the_wire(ScumbleError("file-missing", "There is no file {file}.", file="{file}\n{x} {0.a}"))
    assert in_german().error(error) == "Es gibt keine Datei {file}\n{x} {0.a}."


def test_an_error_said_in_other_words_has_no_old_translation():
    error = over_a_pipe(ERROR)
    error.message = "Stopped."
    error.hint = ""
    assert in_german().error(over_the_wire(error)) == "Stopped."


def test_an_older_daemons_error_is_said_in_english():
    fields = {**ERROR.to_dict()}
    for name in ("template", "hint_template", "values"):
        del fields[name]
    assert in_german().error(ScumbleError.from_dict(fields)) == str(ERROR)


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("There is no file {file.__class__}.", {"file": "x"}),
        ("There is no file {file[0]}.", {"file": "x"}),
        ("There is no file {file:9999999}.", {"file": "x"}),
        ("There is no file {file!r}.", {"file": "x"}),
        ("There is no file {other}.", {"file": "x"}),
        ("There is no file {}.", {"file": "x"}),
        ("There is no file {", {"file": "x"}),
        ("There is no file {file}.", {}),
        ("There is no file {file}.", {"file": 7}),
        ("There is no file {file}.", {"file": ["x"]}),
        ("There is no file {file}.", {"file": None}),
        ("There is no file {file}.", {"file": "another"}),
        ("There is no file {file}.", {"file": "x" * (MAX_VALUE + 1)}),
        ("There is no file {file}.", {**{f"v{i}": "" for i in range(MAX_VALUES)}, "file": "x"}),
        ("Pay {file} now.", {"file": "x"}),
        ("There is no folder {file}.", {"file": "x"}),
        ("{file}" * 600, {"file": "x" * MAX_VALUE}),
        ("x" * (MAX_SENTENCE + 1), {"file": "x"}),
    ],
)
def test_a_hostile_template_leaves_the_english_sentence(template, values):
    message = m.Error("file-missing", "There is no file x.", template=template, values=values)
    received = decode_header(encode_header(message))
    assert isinstance(received, m.Error)
    error = received.to_error()
    assert (error.template, error.hint_template, error.values) == ("There is no file x.", "", {})
    assert in_german().error(error) == "There is no file x."


def test_keys_that_are_no_names_are_harmless():
    error = ScumbleError.from_dict(
        {"code": "c", "message": "m", "template": "m", "values": {"self": "1", "code": "2", "__class__": "3"}}
    )
    assert in_german().error(over_the_wire(error)) == "m"


def test_a_translation_with_other_names_is_shown_and_raises_nothing():
    texts = Texts(lambda text: "Keine Datei {datei} {file.x} {file:99}.")
    error = ScumbleError("file-missing", "There is no file {file}.", file="x")
    assert texts.error(error) == "Keine Datei {datei} {file.x} {file:99}."


def test_what_is_too_long_to_travel_arrives_as_english():
    error = ScumbleError("file-missing", "There is no file {file}.", file="x" * 900)
    assert over_the_wire(error).message == error.message
    assert over_the_wire(error).values == {}
    many = {f"v{number}": "y" for number in range(MAX_VALUES + 1)}
    assert over_the_wire(ScumbleError("c", "{v0} and {v12}.", **many)).message == "y and y."


OURS = r"(Model|Weights|Signals|Pixels|Device|OutOfMemory|Layer|Training|Download)Error"


def our_errors() -> Iterator[tuple[Path, ast.Module, list[ast.Call]]]:
    for package in ("client", "daemon", "models"):
        name = "ScumbleError" if package == "client" else f"ScumbleError|{OURS}"
        for file in (ROOT / package).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            yield file, tree, [call for call in calls if re.fullmatch(name, ast.unparse(call.func))]


def test_every_error_names_the_values_of_its_templates(monkeypatch):
    """A value that no template names is a slip, such as a misspelled `hint`; so is one without a value."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import sentences

    options = {*inspect.signature(ScumbleError).parameters} - {"values"}
    checked = 0
    for file, tree, calls in our_errors():
        names = sentences.assigned(tree)
        for call in calls:
            place = f"{file.relative_to(ROOT)}:{call.lineno}"
            given = {keyword.arg for keyword in call.keywords if keyword.arg} - options
            said = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "hint")]
            texts = [text for node in said for text in sentences.literals(node, names)]
            named = {name for text in texts for name in re.findall(r"\{(.*?)\}", text)}
            assert named == given, place
            for node in said:
                formatted = isinstance(node, ast.JoinedStr) or ".format(" in ast.unparse(node)
                assert not formatted, f"{place}: give a template and its values"
            checked += bool(given)
    assert checked > 100
    for name in ("sentences", "imported"):
        sys.modules.pop(name, None)
