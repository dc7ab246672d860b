"""The launcher, run for real in a copy, with a stand-in for Python that makes no network calls.

The stand-in hands `-c` and scripts on standard input to the real Python, makes
an environment of two files for `-m venv`, and notes what pip is asked.
"""

import shutil
import signal
import subprocess
import sys
import time
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TOOLS = [
    *["sh", "cat", "chmod", "cksum", "cp", "cut", "date", "dirname", "env", "grep", "head", "id"],
    *["mkdir", "mktemp", "mv", "readlink", "rm", "sed", "sleep", "tail"],
]
PYTHON = f"""#!/bin/sh
case "$1 ${{2-}} ${{3-}}" in
"-m venv "*)
    while [ $# -gt 1 ]; do shift; done
    mkdir -p "$1/bin"
    cp "$0" "$1/bin/python"
    echo "version = {sys.version_info[0]}.{sys.version_info[1]}.0 $1" >"$1/pyvenv.cfg"
    printf '#!/bin/sh\\necho "ran $*"\\n' >"$1/bin/trimtab"
    chmod +x "$1/bin/trimtab" ;;
"-m pip wheel")
    echo "$*" >>"$NOTES"
    [ -z "${{SLOW-}}" ] || {{ echo $$ >"$NOTES.pid"; sleep 30; }}
    while [ "$1" != --wheel-dir ]; do shift; done
    {sys.executable} -c 'import sys, zipfile
zipfile.ZipFile(sys.argv[1] + "/quickfix-1.16.0-x.whl", "w").writestr("_quickfix.so", sys.argv[2])
' "$2" "${{ENGINE-SSLSocketInitiator libssl.so}}" ;;
"-m pip "*)
    echo "$*" >>"$NOTES"
    [ -z "${{NO_NETWORK-}}" ] || {{ echo "no network"; exit 1; }} ;;
*) exec {sys.executable} "$@" ;;
esac
"""


class Machine:
    """A machine with a few tools, in a folder; `copy` is a checkout on it."""

    def __init__(self, root):
        self.root, self.bin, self.copy = root, root / "bin", root / "my checkout"
        self.bin.mkdir()
        self.copy.mkdir()
        (root / "notes").touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        for file in ("trimtab", "setup.cfg", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / file, self.copy)
        self.tool("python3", PYTHON)
        self.tool("g++", "#!/bin/sh\nexit 0\n")

    def tool(self, name, text):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def start(self, *arguments, **environment):
        environment = {
            "PATH": str(self.bin),
            "HOME": str(self.root / "home"),
            "NOTES": str(self.root / "notes"),
            **environment,
        }
        return subprocess.Popen(
            [self.copy / "trimtab", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **environment):
        with self.start(*arguments, **environment) as process:
            process.out, process.err = process.communicate(timeout=30)
        return process

    def notes(self):
        return (self.root / "notes").read_text()

    def leftovers(self):
        """Locks and unfinished work."""
        found = [*(self.copy / ".setup").glob("lock*")]
        cache = self.root / "home/.cache/trimtab/wheels"
        return found + [path for path in cache.glob("*.*") if path.exists()]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_first_start_sets_up_and_the_second_only_starts(machine):
    first = machine.run("orders", "a b")
    asked = machine.notes()
    machine.tool("python3", "#!/bin/sh\nexit 99\n")
    second = machine.run("orders", "a b")

    assert (first.returncode, first.out) == (0, "ran orders a b\n")
    assert "building QuickFIX" in first.err
    assert (second.returncode, second.out, second.err) == (0, "ran orders a b\n", "")
    assert machine.notes() == asked
    assert machine.leftovers() == []


def test_a_second_clone_finds_the_wheel(machine):
    machine.run("runs")
    other = machine.copy.with_name("other")
    other.mkdir()
    for file in ("trimtab", "setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, other)
    machine.copy = other

    assert "building QuickFIX" not in machine.run("runs").err
    assert machine.notes().count("pip wheel") == 1


def test_a_moved_checkout_is_noticed(machine):
    machine.run("runs")
    machine.copy = machine.copy.rename(machine.root / "moved")

    moved = machine.run("runs")

    assert moved.returncode == 0
    assert "making .venv anew" in moved.err


@pytest.mark.parametrize("file", ["setup.cfg", "constraints.txt", "pyproject.toml"])
def test_a_change_of_what_is_needed_is_noticed(machine, file):
    machine.run("runs")
    with (machine.copy / file).open("a") as changed:
        changed.write("# another line\n")
    before = machine.notes().count("pip install")

    machine.run("runs")

    assert machine.notes().count("pip install") > before


def test_test_needs_the_dev_extra_and_nothing_else_does(machine):
    machine.run("runs")
    assert "[dev]" not in machine.notes()

    machine.run("test", "-x")
    assert "my checkout[dev]" in machine.notes()
    asked = machine.notes()

    assert machine.run("test").err == machine.run("runs").err == ""
    assert machine.notes() == asked


def test_an_old_python_exits_69_and_says_so(machine):
    old = '#!/bin/sh\n[ "$1" != --version ] || { echo Python 3.9.2; exit 0; }\nexit 1\n'
    machine.tool("python3", old)

    answer = machine.run("runs")

    assert answer.returncode == 69
    assert "Python 3.11 or later is needed, here is Python 3.9.2" in answer.err


def test_a_newer_python_of_another_name_is_found(machine):
    machine.tool("python3", "#!/bin/sh\nexit 1\n")
    machine.tool("python3.12", PYTHON)

    assert machine.run("runs").returncode == 0


def test_a_missing_compiler_is_one_line_to_run_and_exits_69(machine):
    (machine.bin / "g++").unlink()
    machine.tool("id", "#!/bin/sh\necho 1000\n")
    machine.tool("apt-get", "#!/bin/sh\nexit 99\n")

    answer = machine.run("runs")

    assert answer.returncode == 69
    line = answer.err.splitlines()[-1]
    assert line.startswith("sudo apt-get update && sudo apt-get install -y g++")
    assert machine.leftovers() == []


def test_root_has_the_compiler_installed(machine):
    (machine.bin / "g++").unlink()
    machine.tool("id", "#!/bin/sh\necho 0\n")
    made = f"printf '#!/bin/sh\\nexit 0\\n' >{machine.bin}/g++; chmod +x {machine.bin}/g++"
    machine.tool("apt-get", f'#!/bin/sh\necho "apt-get $*" >>"$NOTES"\n{made}\n')

    answer = machine.run("runs")

    assert answer.returncode == 0
    assert "installing with apt-get: g++" in answer.err
    assert "install -y --no-install-recommends g++" in machine.notes()


def test_all_that_is_missing_is_named_at_once(machine):
    (machine.bin / "g++").unlink()
    machine.tool(
        "python3", PYTHON.replace('"-m venv "*)', '"-c import ensurepip"*) exit 1 ;;\n"-m venv "*)')
    )
    machine.tool("id", "#!/bin/sh\necho 1000\n")
    machine.tool("apt-get", "#!/bin/sh\nexit 99\n")

    line = machine.run("runs").err.splitlines()[-1]

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"install -y python{version}-venv g++" in line


def test_quickfix_is_built_with_the_pinned_setuptools(machine):
    """A bare Debian's pip and setuptools cannot make a wheel of an old setup.py."""
    machine.run("runs")

    setuptools, build, *_ = machine.notes().splitlines()
    assert "pip install" in setuptools
    assert setuptools.endswith("setuptools>=77")
    assert "pip wheel" in build
    assert "--use-pep517 --no-build-isolation" in build


def test_without_a_home_the_wheel_is_kept_in_the_checkout(machine):
    answer = machine.run("runs", HOME="/dev/null/no-such")

    assert answer.returncode == 0
    assert [*machine.copy.glob(".setup/trimtab/wheels/*/*.whl")]


def test_without_apt_the_packages_are_named(machine):
    (machine.bin / "g++").unlink()

    answer = machine.run("runs")

    assert answer.returncode == 69
    assert "install what Debian calls g++" in answer.err


def test_a_pip_that_fails_shows_the_end_of_its_log(machine):
    answer = machine.run("runs", NO_NETWORK="1")

    assert answer.returncode == 69
    assert "    no network" in answer.err
    assert ".setup/setup.log" in answer.err
    assert machine.run("runs").returncode == 0


def test_a_quickfix_without_tls_is_not_kept(machine):
    answer = machine.run("runs", ENGINE="no such thing")

    assert answer.returncode == 69
    assert "has no TLS" in answer.err
    assert not [*machine.root.glob("home/.cache/trimtab/wheels/*/*.whl")]
    assert machine.leftovers() == []


def test_a_damaged_wheel_in_the_cache_is_built_again(machine):
    machine.run("runs")
    [wheel] = machine.root.glob("home/.cache/trimtab/wheels/*/*.whl")
    wheel.write_bytes(wheel.read_bytes()[:40])
    shutil.rmtree(machine.copy / ".venv")

    assert machine.run("runs").returncode == 0
    assert machine.notes().count("pip wheel") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_build_leaves_nothing_half(machine, number):
    with machine.start("runs", SLOW="1") as process:
        _until((machine.root / "notes.pid").exists)
        process.send_signal(number)
        process.communicate(timeout=10)

    builder = int((machine.root / "notes.pid").read_text())
    assert process.returncode == 128 + number
    assert machine.leftovers() == []
    _until(lambda: not Path(f"/proc/{builder}").exists())
    assert machine.run("runs").returncode == 0


def test_a_lock_of_a_dead_process_is_taken_over(machine):
    lock = machine.copy / ".setup" / "lock"
    lock.mkdir(parents=True)
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    (lock / "pid").write_text(f"{dead.pid}\n")

    assert machine.run("runs").returncode == 0
    assert machine.leftovers() == []


def test_two_launchers_at_once_set_up_once(machine):
    launchers = [machine.start("runs") for _ in range(2)]
    for launcher in launchers:
        launcher.out, launcher.err = launcher.communicate(timeout=30)

    assert [launcher.returncode for launcher in launchers] == [0, 0]
    assert machine.notes().count("pip wheel") == 1
    assert machine.notes().count("--editable") == 1


def test_a_link_to_the_launcher_finds_its_checkout(machine):
    link = machine.root / "link"
    link.symlink_to(machine.copy / "trimtab")
    machine.run("runs")

    environment = {"PATH": str(machine.bin), "HOME": str(machine.root)}
    answer = subprocess.run([link, "runs"], env=environment, capture_output=True, check=True)

    assert answer.stdout == b"ran runs\n"


def _until(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_pinned_version_fits_the_ranges_of_setup_cfg():
    """constraints.txt names each requirement of setup.cfg, exactly."""
    setup = ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg")
    wanted = setup["options"]["install_requires"].split("\n")
    for extra in setup["options.extras_require"].values():
        wanted += [line for line in extra.split("\n") if "%(" not in line]
    pinned = {
        requirement.name.lower().replace("_", "-"): str(requirement.specifier).removeprefix("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
        for requirement in [Requirement(line)]
    }

    for line in filter(None, wanted):
        requirement = Requirement(line)
        name = requirement.name.lower().replace("_", "-")
        assert pinned[name] in requirement.specifier, line
