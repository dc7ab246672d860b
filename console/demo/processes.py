"""The demo's processes: the venues and the service, started and stopped like anybody would."""

import json
import select
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from console.client import ApiClient
from console.config import Config
from domain.errors import InvariantError, MissingError

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class Process:
    """A child process that never outlives the demo."""

    def __init__(self, name: str, arguments: list[str], log: Path, *, is_read: bool) -> None:
        """`is_read`: its output is for us (`first_line`); otherwise it goes nowhere."""
        self.name, self._log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if is_read else subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The operating system's number for it."""
        return self._child.pid

    def stop(self) -> None:
        """Ask it to stop; kill it when it does not."""
        if self._child.poll() is None:
            self._child.terminate()
        self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended by itself or was killed for not doing so."""
        try:
            return self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()
        finally:
            if self._child.stdout is not None:
                self._child.stdout.close()

    def first_line(self) -> str:
        """Its first line of output. Raises `MissingError` when it ends or stays silent."""
        assert self._child.stdout is not None
        ready, _, _ = select.select([self._child.stdout], [], [], START_SECONDS)
        line = self._child.stdout.readline().decode() if ready else ""
        if not line:
            raise MissingError(f"{self.name} did not start; {self._last_words()}")
        return line

    def require_alive(self) -> None:
        """Raise `InvariantError` when it has ended."""
        if self._child.poll() is not None:
            raise InvariantError(
                f"{self.name} ended with code {self._child.returncode}; {self._last_words()}"
            )

    def _last_words(self) -> str:
        """The last line of its log, and where the others are."""
        lines = self._log.read_text("utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "nothing")
        return f"the last line of {self._log} is: {last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Venues:
    """The venues' process and its control door."""

    process: Process
    control: str
    ports: dict[str, int]

    def end_of_day(self, venue: str) -> Path:
        """Close a venue's day; the path of the file that it wrote from its own executions."""
        url = f"{self.control}/venues/{venue}/end-of-day"
        request = urllib.request.Request(url, data=b"{}", method="POST")  # noqa: S310 - http
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return Path(json.load(answer)["path"])


def start_venues(config_file: Path, log: Path) -> Venues:
    """Start `python -m simulator` and wait until it takes orders."""
    arguments = ["-m", "simulator", "--config", str(config_file)]
    process = Process("the simulator", arguments, log, is_read=True)
    try:
        ready = json.loads(process.first_line())
    except BaseException:
        process.stop()
        raise
    ports = {name: int(door["port"]) for name, door in ready["venues"].items()}
    return Venues(process=process, control=ready["control"], ports=ports)


def start_service(config: Config, log: Path) -> tuple[Process, ApiClient]:
    """Start `trimtab serve` and wait until its API answers."""
    arguments = ["-m", "console.main", "--config", str(config.path), "serve"]
    process = Process("the service", arguments, log, is_read=False)
    client = ApiClient.from_config(config)
    try:
        _wait_until_listening(process, client, log)
    except BaseException:
        process.stop()
        raise
    return process, client


def _wait_until_listening(process: Process, client: ApiClient, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not client.is_listening():
        process.require_alive()
        if time.monotonic() > deadline:
            raise MissingError(f"the service did not start; see {log}")
        time.sleep(0.05)
