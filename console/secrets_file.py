"""The API's token: a file that only its owner can read."""

import os
import secrets
import stat
from pathlib import Path

from domain.errors import ConfigError

_TOKEN_BYTES = 32
_SHORTEST = 32


def create_token(path: Path) -> None:
    """Write a new random token; an existing one is kept."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(_TOKEN_BYTES) + "\n")


def read_token(path: Path) -> str:
    """The token; raises `ConfigError` when the file is missing, open to others or too short."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise ConfigError(f"there is no token at {path}; `trimtab init` makes one") from error
    except PermissionError as error:
        raise ConfigError(f"{path} belongs to somebody else; run as that user") from error
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
        mode = os.fstat(descriptor).st_mode
        token = file.read().strip()
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path} can be read by others; run: chmod 600 {path}")
    if len(token) < _SHORTEST or not token.isascii() or not token.isprintable():
        raise ConfigError(f"{path} holds no usable token; delete it and run `trimtab init`")
    return token
