"""Initialise: everything that a new installation needs, in one folder.

What is there already is kept, so it may be run again: after an upgrade it
brings the database to the new schema and writes only what is missing.
"""

import os
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import vault.migrate
from console.config import Config, load_config
from console.secrets_file import create_token
from console.venues_file import require_readable, write_venues
from domain.errors import BadInputError, MissingError
from gateway.session_file import write_session_config

_SAMPLE = Path(__file__).with_name("trimtab.sample.toml")
_CHECKOUT = Path(__file__).resolve().parents[1]
_FIRST_PORT = 5001  # The simulated venues' ports, one after the other.


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What was written, and the database's revision afterwards."""

    config: Config
    written: tuple[Path, ...]
    revision: str


def bundled(name: str) -> Path:
    """A file or folder of the bundled data: beside the code, or where a wheel puts it."""
    for root in (_CHECKOUT, Path(sysconfig.get_path("data")) / "share" / "trimtab"):
        if (root / "data" / name).exists():
            return root / "data" / name
    raise MissingError(f"data/{name} is missing from this installation; run from a full checkout")


def initialise(
    directory: Path,
    *,
    book: Path | None = None,
    ports: Mapping[str, int] | None = None,
    edits: Mapping[str, str] | None = None,
    venues_start: datetime | None = None,
) -> Initialised:
    """Write what is missing in `directory` and migrate its database.

    `book` is a folder whose last closes the simulated venues quote (default: the
    bundled book); `ports` are the venues' (default: from 5001 on); `edits` replaces
    whole pieces of the sample configuration, each of which must be there;
    `venues_start` is where the simulated venues' clock begins (default: the
    machine's clock).
    """
    if book is not None:
        require_readable(book)
        if (directory / "venues.toml").exists():
            raise BadInputError(
                f"{directory / 'venues.toml'} is there already; remove it and say --book again"
            )
    _private_folder(directory)
    written = [
        *_write_sample(directory / "trimtab.toml", edits or {}),
        *_copy(bundled("rules.toml"), directory / "rules.toml"),
        *_copy(bundled("layouts"), directory / "layouts"),
    ]
    config = load_config(directory / "trimtab.toml", os.environ)
    for path in _state_folders(config):
        _private_folder(path)
    if not config.files.token.exists():
        create_token(config.files.token)
        written.append(config.files.token)
    chosen = ports or {name: _FIRST_PORT + i for i, name in enumerate(config.venues)}
    if not config.fix_settings.exists():
        venues = {name: ("127.0.0.1", port) for name, port in chosen.items()}
        store = directory / "state" / "fix"
        write_session_config(config.fix_settings, venues, store=store, reconnect_seconds=5)
        written.append(config.fix_settings)
    if not (directory / "venues.toml").exists():
        written += write_venues(directory, book or bundled("book"), chosen, start=venues_start)
    vault.migrate.upgrade(config.database.url)
    return Initialised(config=config, written=tuple(written), revision=vault.migrate.head())


def _state_folders(config: Config) -> list[Path]:
    files = [config.files.anchor, config.files.log, config.files.token]
    if config.api.socket is not None:
        files.append(config.api.socket)
    if config.database.url.startswith("sqlite:///"):
        files.append(Path(config.database.url.removeprefix("sqlite:///")))
    return [*dict.fromkeys(file.parent for file in files), config.directory / "state" / "fix"]


def _private_folder(path: Path) -> None:
    """A new folder is its owner's alone; one that exists keeps its mode."""
    if path.exists() and not path.is_dir():
        raise BadInputError(f"{path} is a file; name a folder")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write_sample(target: Path, edits: Mapping[str, str]) -> list[Path]:
    if target.exists():
        return []
    text = _SAMPLE.read_text("utf-8")
    for old, new in edits.items():
        assert text.count(old) == 1, f"the sample has {old!r} once"
        text = text.replace(old, new)
    target.write_text(text, "utf-8")
    return [target]


def _copy(source: Path, target: Path) -> list[Path]:
    if target.exists():
        return []
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    return [target]
