"""`trimtab stop`: stop the running service in order, and wait until it has."""

import argparse
import os
import time
from pathlib import Path

from console.doors import open_config, running_service
from console.options import add_by, person, positive
from console.printing import print_lines
from domain.errors import ExitCode, TryAgainError

POLL_SECONDS = 0.05


def configure(parser: argparse.ArgumentParser) -> None:
    add_by(parser, required=False)
    parser.add_argument(
        "--wait", metavar="SECONDS", type=positive, default=60, help="at most (default 60)"
    )


def run(arguments: argparse.Namespace) -> int:
    service = running_service(open_config(arguments.config))
    pid = service.health().pid
    service.stop(person(arguments.by))
    deadline = time.monotonic() + arguments.wait
    while _is_alive(pid):
        if time.monotonic() > deadline:
            raise TryAgainError(
                f"the service (process {pid}) is still stopping after {arguments.wait} s; "
                "`trimtab tail` shows what it waits for"
            )
        time.sleep(POLL_SECONDS)
    print_lines(["the service has stopped"])
    return ExitCode.OK


def _is_alive(pid: int) -> bool:
    """Whether the process still does something; one that only waits to be counted does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        _, _, after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")
    except OSError:  # It ended just now, or this system has no /proc.
        return not Path("/proc").is_dir()
    return after_name.split()[0] not in ("Z", "X")
