"""What the installer decides before it does anything: the build of torch, and where packages come from."""

from __future__ import annotations

import json

import pytest

from scumble import ScumbleError
from scumble.editing.installing import Installing, needs_install
from scumble.install.bundle import find_bundle
from scumble.install.cards import CPU, CUDA, driver_version, recommended_build, torch_backend
from scumble.install.engine import Engine, choose_engine_dir, engine_dir, read_engine, write_engine
from scumble.install.errors import complaint
from scumble.install.indexes import pip_settings, uv_variables, without_index
from scumble.install.state import MISSING, PARTIAL, engine_state, release


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    for name in ("CONFIG", "DATA", "LOG", "RUNTIME"):
        monkeypatch.setenv(f"SCUMBLE_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("SCUMBLE_ENGINE_BUNDLE", str(tmp_path / "engine"))
    monkeypatch.setattr("scumble.launch.launcher.importlib.util.find_spec", lambda name: None)


def write_bundle(folder, **changes) -> None:
    folder.mkdir()
    fields = {"version": "0.1.0", "wheel": "a.whl", "uv": "uv.whl", "lock": "engine.txt", "sha256": {}}
    fields.update(sizes={CPU: 230_000_000, CUDA: 2_800_000_000}, room={CPU: 967_000_000}, **changes)
    (folder / "manifest.json").write_text(json.dumps(fields))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC", 550),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs)", 580),
        ("something else", 0),
    ],
)
def test_the_driver_is_read_from_the_kernel(tmp_path, text, version):
    driver = tmp_path / "version"
    driver.write_text(text)
    assert driver_version(driver) == version
    assert driver_version(tmp_path / "missing") == 0


def test_a_card_is_recommended_its_build_where_it_has_a_driver(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    driver = tmp_path / "version"
    assert recommended_build(driver) == CPU
    driver.write_text("NVIDIA UNIX x86_64 Kernel Module  550.54.15")
    assert recommended_build(driver) == CUDA


@pytest.mark.parametrize(
    ("platform", "build", "module", "backend"),
    [
        ("linux", CPU, None, "cpu"),
        ("linux", CUDA, 580, None),
        ("linux", CUDA, 550, "auto"),
        ("linux", CUDA, None, None),
        ("win32", CPU, None, None),
        ("win32", CUDA, None, "auto"),
        ("darwin", CPU, None, None),
        ("darwin", CUDA, None, None),
    ],
)
def test_the_build_of_torch_comes_from_where_it_is(tmp_path, platform, build, module, backend):
    driver = tmp_path / "version"
    if module is not None:
        driver.write_text(f"NVIDIA UNIX x86_64 Kernel Module  {module}.54.15")
    assert torch_backend(build, platform, driver) == backend


def test_pips_files_and_variables_say_where_packages_are(tmp_path):
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = http://file/simple\nfind-links = /a /b\n"
        "cert = /ca.pem\n[install]\nno-index = yes\n"
    )
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none")}
    assert pip_settings(environment)["index-url"] == "http://file/simple"
    assert without_index(environment)
    environment["PIP_INDEX_URL"] = "http://variable/simple"
    variables = uv_variables(environment)
    assert variables["UV_DEFAULT_INDEX"] == "http://variable/simple"
    assert variables["UV_FIND_LINKS"] == "/a,/b"
    assert variables["SSL_CERT_FILE"] == "/ca.pem"
    environment["UV_DEFAULT_INDEX"] = "http://uv/simple"
    assert uv_variables(environment)["UV_DEFAULT_INDEX"] == "http://uv/simple"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("error: failed to write\n  cause: No space left on device (os error 28)", "disk-full"),
        (
            "cause: failed to create directory `/x`\n  cause: Permission denied (os error 13)",
            "folder-unwritable",
        ),
        ("error: Failed to fetch: `http://x`\n  cause: dns error", "index-unreachable"),
        (
            "cause: error sending request\n cause: invalid peer certificate: UnknownIssuer",
            "certificate-unknown",
        ),
        ("error: No solution found when resolving dependencies", "packages-missing"),
        ("error: Hash mismatch for `x`", "download-damaged"),
        ("thread 'main' panicked", "install-failed"),
    ],
)
def test_what_uv_complains_of_becomes_a_sentence(text, code):
    found = complaint(text)
    assert (found.code, found.detail) == (code, text)
    assert found.hint


def test_versions_are_compared_by_their_numbers():
    assert release("0.10.0") > release("0.9.9")
    assert release("1.2.3+local9") == release("1.2.3")


def test_a_plugin_without_the_engines_package_offers_nothing(tmp_path):
    assert find_bundle() is None
    assert not needs_install()


def test_the_offer_names_the_size_and_the_button_what_it_does(tmp_path, monkeypatch):
    monkeypatch.delenv("SCUMBLE_PYTHON", raising=False)
    write_bundle(tmp_path / "engine")
    assert needs_install()
    installing = Installing(str, wake=lambda: None)
    installing.choose_build(CPU)
    assert installing.state == MISSING
    assert installing.button() == "Install (about 230 MB)"
    assert "up to 967 MB" in installing.explanation()
    installing.choose_build(CUDA)
    assert installing.button() == "Install (about 2800 MB)"
    (tmp_path / "data" / "engine").mkdir(parents=True)
    write_engine(tmp_path / "data" / "engine", Engine("0.1.0", CPU, False, str(tmp_path)))
    assert installing.state == PARTIAL
    assert installing.button() == "Continue"
    again = Installing(str, wake=lambda: None)
    assert (again.choices.build, again.choices.wheels) == (CPU, tmp_path), "it goes on as it was begun"


def test_a_damaged_package_is_said_in_the_offer(tmp_path, monkeypatch):
    monkeypatch.delenv("SCUMBLE_PYTHON", raising=False)
    write_bundle(tmp_path / "engine", sha256=7)
    with pytest.raises(ScumbleError) as caught:
        find_bundle()
    assert caught.value.code == "bundle-damaged"
    assert needs_install()
    assert "damaged" in Installing(str, wake=lambda: None).problem()


def test_another_folder_is_remembered_for_all_editors(tmp_path):
    installing = Installing(str, wake=lambda: None)
    installing.choose_folder(tmp_path / "big disk")
    assert engine_dir() == tmp_path / "big disk" / "scumble-engine"
    choose_engine_dir(tmp_path / "other")
    assert engine_dir() == tmp_path / "other"


def test_a_marker_that_is_no_marker_is_none(tmp_path):
    for text in ("", "[]", '{"version": 1}', "\0"):
        (tmp_path / "engine.json").write_text(text)
        assert read_engine(tmp_path) is None


def test_a_daemon_elsewhere_and_a_python_that_was_named_are_not_ours_to_replace(tmp_path, monkeypatch):
    write_bundle(tmp_path / "engine")
    monkeypatch.setenv("SCUMBLE_REMOTE", "tcp://there:5555 key")
    assert engine_state(find_bundle()) == "ready"
    monkeypatch.delenv("SCUMBLE_REMOTE")
    monkeypatch.setenv("SCUMBLE_PYTHON", "/some/python")
    assert engine_state(find_bundle()) == "ready"
