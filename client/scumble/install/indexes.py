"""Where packages come from: pip's configuration of this computer, as uv's variables.

uv does not read pip's files, and whoever has set a mirror, a folder of wheels or a certificate there wants
them to count here too. Variables of uv's own come before.
"""

from __future__ import annotations

import configparser
import os
import sys
from pathlib import Path
from typing import Dict, List, Mapping

_SETTINGS = ("index-url", "extra-index-url", "find-links", "no-index", "cert", "trusted-host")
_ON = ("1", "true", "yes", "on")


def pip_settings(environment: Mapping[str, str] = os.environ) -> Dict[str, str]:
    """What pip's files and variables say of where packages come from, by pip's names of the settings."""
    found: Dict[str, str] = {}
    for file in _files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(str(file), encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({name: value for name, value in parser.items(section) if name in _SETTINGS})
    for name in _SETTINGS:
        value = environment.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            found[name] = value
    return found


def uv_variables(environment: Mapping[str, str] = os.environ) -> Dict[str, str]:
    """The variables that make uv look where pip would."""
    settings = pip_settings(environment)
    variables = {
        "UV_DEFAULT_INDEX": settings.get("index-url", ""),
        "UV_INDEX": " ".join(settings.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(settings.get("find-links", "").split()),
        "UV_INSECURE_HOST": " ".join(settings.get("trusted-host", "").split()),
        "SSL_CERT_FILE": settings.get("cert", ""),
        # As pip does: certificates that a company has added to the system count.
        "UV_SYSTEM_CERTS": "true",
        # And so does this: the best file of all indexes. What it may be, the hashes say.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    own = {name: value for name, value in environment.items() if name.startswith(("UV_", "SSL_CERT_"))}
    return {**{name: value for name, value in variables.items() if value}, **own}


def without_index(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether pip is told to look only where its ``find-links`` say; uv wants an argument for it."""
    return pip_settings(environment).get("no-index", "").lower() in _ON


def has_own_sources(variables: Mapping[str, str]) -> bool:
    """Whether the user has named places of packages besides the usual one."""
    return any(variables.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS"))


def _files(environment: Mapping[str, str]) -> List[Path]:
    """pip's files, those that count more later."""
    home = Path.home()
    if sys.platform == "win32":
        common = [Path(environment.get("PROGRAMDATA", r"C:\ProgramData")) / "pip" / "pip.ini"]
        user = [home / "pip" / "pip.ini"]
        if environment.get("APPDATA"):
            user.append(Path(environment["APPDATA"]) / "pip" / "pip.ini")
    else:
        common = [Path("/etc/pip.conf")]
        user = [home / ".pip" / "pip.conf"]
        if sys.platform == "darwin":
            common.insert(0, Path("/Library/Application Support/pip/pip.conf"))
            user.append(home / "Library" / "Application Support" / "pip" / "pip.conf")
        else:
            for folder in environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep):
                common.insert(0, Path(folder) / "pip" / "pip.conf")
        config = environment.get("XDG_CONFIG_HOME") or str(home / ".config")
        user.append(Path(config) / "pip" / "pip.conf")
    chosen = environment.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    return [*common, *user, *([Path(chosen)] if chosen else [])]
