"""The venues' own door: HTTP and JSON beside FIX."""

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.chaos.book import VENUES

_SECONDS = 30


class Door:
    """What an operator of the venues can ask and do."""

    def __init__(self, url: str) -> None:
        self._url = url

    @classmethod
    def of(cls, ready: str) -> "Door":
        """From the line that the venues say when they are ready."""
        return cls(json.loads(ready)["control"])

    def orders(self) -> list[Mapping[str, Any]]:
        """Every order at any venue as it stands there."""
        return [one for venue in VENUES for one in self._ask(f"venues/{venue}/orders")["orders"]]

    def end_of_day(self) -> list[Path]:
        """Close the day everywhere; the files that the venues wrote."""
        return [Path(self._ask(f"venues/{venue}/end-of-day", b"{}")["path"]) for venue in VENUES]

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._url}/{path}", body, _SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
        return found
