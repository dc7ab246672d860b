"""The C++ pair: gateway_pair.cpp, compiled when the benchmark runs, in a process for each end.

    python -m benchmarks.gateway_cpp LIBRARY accept STORE STAMPS
    python -m benchmarks.gateway_cpp LIBRARY load STORE PORT STAMPS --orders N ...

It is linked to the engine inside the installed wheel. A wheel has no headers: they come with the
same version's source, which `pip download --no-deps --no-binary :all: quickfix==1.16.0` fetches.
"""

import argparse
import ctypes
import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks.gateway_acceptor import free_port
from benchmarks.gateway_load import load_arguments, resident_mb

_SOURCE = Path(__file__).with_name("gateway_pair.cpp")
_FLAGS = ("-std=c++17", "-O1", "-DHAVE_SSL=1", "-fPIC", "-shared", "-w")  # As the wheel was built.


class NoPairError(Exception):
    """The pair cannot be compiled here; the words say what is missing."""


def compile_pair(headers: Path | None, folder: Path) -> Path:
    """The compiled library in `folder`; raises `NoPairError`.

    `headers` is an unpacked source distribution of quickfix.
    """
    compiler = shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")
    if compiler is None:
        raise NoPairError("no C++ compiler: install g++")
    if headers is None or not (headers / "C++" / "SocketInitiator.h").is_file():
        raise NoPairError(
            "no QuickFIX headers: pip download --no-deps --no-binary :all: quickfix==1.16.0, "
            "unpack it, and give the folder as --quickfix-source"
        )
    (folder / "quickfix").symlink_to((headers / "C++").absolute())
    library = folder / "pair.so"
    places = ("-I", folder, "-I", headers / "C++", _SOURCE, "-o", library, _engine())
    command = [compiler, *_FLAGS, *map(str, places)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPairError(f"the C++ pair does not compile: {done.stderr.splitlines()[:1]}")
    return library


def main() -> None:
    """One end."""
    options = _options()
    ctypes.CDLL(_engine(), ctypes.RTLD_GLOBAL)
    pair = ctypes.CDLL(str(options.library))
    if options.end == "accept":
        _accept(pair, options)
    else:
        _load(pair, options)


def _accept(pair: ctypes.CDLL, options: argparse.Namespace) -> None:
    port = free_port()
    signal.signal(signal.SIGTERM, lambda *_: pair.pair_stop())
    texts = [str(one).encode() for one in (options.store, port, options.stamps)]
    thread = threading.Thread(target=pair.pair_accept, args=texts)
    thread.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while thread.is_alive():
        thread.join(0.1)  # Signals are handled between the joins.


def _load(pair: ctypes.CDLL, options: argparse.Namespace) -> None:
    pair.pair_load.restype = ctypes.c_double
    texts = [str(one).encode() for one in (options.store, options.port, options.stamps)]
    spent = time.process_time()
    seconds = pair.pair_load(*texts, options.orders, options.warm, options.window, options.rate)
    found = {
        "orders": options.orders,
        "orders_per_second": round(options.orders / seconds, 1),
        "cpu_us_per_order": round((time.process_time() - spent) / options.orders * 1e6, 1),
        "resident_mb": resident_mb(),
    }
    sys.stdout.write(json.dumps(found) + "\n")


def _engine() -> str:
    found = importlib.util.find_spec("_quickfix")
    assert found is not None
    assert found.origin is not None
    return found.origin


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    ends = parser.add_subparsers(dest="end", required=True)
    accept = ends.add_parser("accept")
    accept.add_argument("store", type=Path)
    accept.add_argument("stamps", type=Path)
    load = ends.add_parser("load")
    load.add_argument("store", type=Path)
    load.add_argument("port", type=int)
    load_arguments(load)
    return parser.parse_args()


if __name__ == "__main__":
    main()
