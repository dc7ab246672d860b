"""A process of a trial: started, looked at, killed. What it says is kept in files."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 90.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.01


class EndedError(Exception):
    """A process ended that should have gone on."""

    def __init__(self, child: "Child") -> None:
        super().__init__(f"{child.name} ended with code {child.code}: {child.last_words()}")
        self.code = child.code


class Child:
    """One life of a process: `python -m` with these arguments."""

    def __init__(self, name: str, arguments: list[str], log: Path) -> None:
        """`log` is where its output goes, with `.out` and `.err`."""
        self.name = name
        self._out, self._err = log.with_suffix(".out"), log.with_suffix(".err")
        with self._out.open("wb") as out, self._err.open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """Its exit code; None while it lives."""
        return self._process.poll()

    def said(self) -> str:
        """Its first whole line of output; empty as long as there is none."""
        line, end, _ = self._out.read_text("utf-8").partition("\n")
        return line if end else ""

    def until_ready(self) -> str:
        """Wait for its first line; raises `EndedError` when it ends instead."""
        deadline = time.monotonic() + _START_SECONDS
        while not (line := self.said()):
            if self.code is not None:
                raise EndedError(self)
            assert time.monotonic() < deadline, f"{self.name} is not ready: {self.last_words()}"
            time.sleep(_POLL_SECONDS)
        return line

    def resident_megabytes(self) -> int:
        """The memory that it holds."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 2**20

    def kill(self) -> bool:
        """As the kernel kills: no farewell. False when it had ended by itself before."""
        if self.code is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait() == -signal.SIGKILL

    def stop(self) -> int:
        """Ask it to end in order; its exit code."""
        self._process.terminate()
        return self._process.wait(_STOP_SECONDS)

    def last_words(self) -> str:
        """The end of what it complained about."""
        return self._err.read_text("utf-8", errors="replace")[-2000:].strip() or "nothing"
