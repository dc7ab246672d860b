"""What is left of a demo that does not come to its end."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.demo.main import _place
from console.demo.processes import Process
from domain.errors import InvariantError

DEMO = [sys.executable, "-m", "console.main", "demo"]


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_demo_that_is_ended_leaves_neither_processes_nor_files(number):
    with subprocess.Popen(
        DEMO, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, text=True
    ) as demo:
        told = ""
        while "\n✓ venues" not in told:
            line = demo.stderr.readline()
            assert line, told
            told += line
        demo.send_signal(number)
        told += demo.communicate(timeout=60)[1]

    [folder] = re.findall(r"created in (\S+),", told)
    [venues] = re.findall(r"process (\d+)", told)
    assert demo.returncode == 128 + number
    assert not Path(folder).exists()
    assert not Path(f"/proc/{venues}").exists()
    assert not _still_there(folder)


def test_the_logs_of_a_demo_that_failed_are_kept():
    with pytest.raises(OSError, match="no room"), _place(None) as folder:
        raise OSError("no room")

    assert folder.is_dir()
    shutil.rmtree(folder)


def test_the_last_words_of_a_process_are_told(tmp_path):
    arguments = ["-c", "import sys; print('first', file=sys.stderr); sys.exit('no room')"]
    process = Process("the service", arguments, tmp_path / "stderr", is_read=False)
    process.wait()

    with pytest.raises(InvariantError, match=r"the service ended with code 1; .* is: no room"):
        process.require_alive()


def _still_there(word):
    """Processes with `word` in their arguments, after the time that a dying one may need."""
    deadline = time.monotonic() + 10
    while found := [entry for entry in Path("/proc").glob("[0-9]*") if word in _arguments(entry)]:
        if time.monotonic() > deadline:
            return found
        time.sleep(0.05)
    return []


def _arguments(process):
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""
