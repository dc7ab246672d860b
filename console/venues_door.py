"""The operators' door of running venues: HTTP and JSON on this machine.

The venues leave `control.json` in their state directory; nothing of theirs is imported.
"""

import contextlib
import json
import os
import tempfile
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from console.strict_json import parse
from domain.errors import BadInputError, MissingError, TryAgainError, UnknownNameError

_SECONDS = 600.0  # A step of a whole day takes its time.
_DEFAULT_STATE = "venues"


class VenuesDoor:
    """Asks one process of venues."""

    def __init__(self, url: str, token_file: Path | None = None) -> None:
        if not url.startswith("http://"):
            raise BadInputError(f"{url} is no address of a door; write http://127.0.0.1:PORT")
        self._url = url.rstrip("/")
        self._token = ""
        if token_file is not None:
            try:
                self._token = token_file.read_text("ascii").strip()
            except OSError as error:
                raise MissingError(f"{token_file}: the control token cannot be read") from error

    @classmethod
    def of_state(cls, directory: Path) -> "VenuesDoor":
        """The door of the process whose state is kept there. Raises MissingError."""
        path = directory / "control.json"
        try:
            found = parse(path.read_bytes(), str(path))
            token_file = found["token_file"]
            return cls(str(found["control"]), None if token_file is None else Path(token_file))
        except OSError as error:
            raise MissingError(
                f"{path}: no venues have run with this state; start them with `trimtab venues`, "
                "or name their door with --control URL"
            ) from error
        except (KeyError, TypeError) as error:
            raise BadInputError(f"{path} is not what venues leave there; remove it") from error

    def get(self, *path: str) -> dict[str, Any]:
        """What the door shows."""
        return self._ask("GET", path, None)

    def post(self, *path: str, **arguments: object) -> dict[str, Any]:
        """What the door says after doing it."""
        given = {name: value for name, value in arguments.items() if value is not None}
        return self._ask("POST", path, given)

    def _ask(
        self, method: str, path: tuple[str, ...], body: dict[str, object] | None
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - http only, see __init__
            f"{self._url}/{'/'.join(path)}", data, method=method
        )
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                return dict(parse(answer.read(), "the venues' answer"))
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise _error_of(refusal) from None
        except OSError as error:
            raise MissingError(
                f"the venues at {self._url} do not answer; do they run? (trimtab venues)"
            ) from error


def state_directory(venues_file: Path) -> Path:
    """Where the venues of this venues.toml keep their state; without one, of `--sample`."""
    try:
        state = tomllib.loads(venues_file.read_text("utf-8")).get("state_dir", _DEFAULT_STATE)
    except FileNotFoundError:
        return _sample_state() or venues_file.parent / _DEFAULT_STATE
    except OSError:
        state = _DEFAULT_STATE
    except ValueError as error:
        raise BadInputError(f"{venues_file} is not TOML: {error}") from error
    return venues_file.parent / str(state)


def _sample_state() -> Path | None:
    """The temporary directory of the youngest `--sample` of ours."""
    doors = Path(tempfile.gettempdir()).glob("venues-*/control.json")
    ages: dict[Path, float] = {}
    for path in doors:
        with contextlib.suppress(OSError):  # It may end while we look.
            found = path.stat()
            if found.st_uid == os.getuid():
                ages[path] = found.st_mtime
    youngest = max(ages, key=ages.__getitem__, default=None)
    return None if youngest is None else youngest.parent


def _error_of(refusal: urllib.error.HTTPError) -> Exception:
    text = str(parse(refusal.read(), "the venues' answer").get("error", refusal.reason))
    if refusal.code in (401, 403):
        return BadInputError(f"the venues refuse: {text}")
    if refusal.code == 404:
        return UnknownNameError(text)
    return TryAgainError(text) if refusal.code == 503 else BadInputError(text)
