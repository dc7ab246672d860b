"""A secret of one line in a file that only its owner may read."""

import stat
from pathlib import Path


class SecretError(Exception):
    """A secret that cannot be used; the text names the file and the remedy."""


def read_secret(path: Path, what: str) -> str:
    """The line. Raises SecretError."""
    try:
        mode = path.stat().st_mode
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"{path}: cannot read the {what}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SecretError(f"{path}: others may read the {what}; run: chmod 600 {path}")
    if not secret or not secret.isprintable():
        raise SecretError(f"{path}: the {what} is empty or no text; write one line of random text")
    return secret
