"""An operator's request as the journal has it."""

import json
from collections.abc import Mapping


def write_operation(name: str, arguments: Mapping[str, object]) -> bytes:
    """One line of JSON."""
    return json.dumps({"name": name, "arguments": arguments}, separators=(",", ":")).encode()


def read_operation(raw: bytes) -> tuple[str, dict[str, object]]:
    """Name and arguments."""
    plain = json.loads(raw)
    return str(plain["name"]), dict(plain["arguments"])
