"""What a benchmark ran on, and what else the machine did meanwhile."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Facts = dict[str, Any]


def tell(
    benchmark: str, rows: Iterable[Facts], *, line: Callable[[Facts], str], as_json: bool
) -> None:
    """Print each row as it is measured, or all in one JSON object with what they ran on."""
    before, began = load(), time.perf_counter()
    found = []
    for row in rows:
        found.append(row)
        if not as_json:
            print(line(row), flush=True)
    if as_json:
        said = {
            "benchmark": benchmark,
            "machine": described(),
            "load_before": before,
            "load_after": load(),
            "seconds": round(time.perf_counter() - began, 1),
            "rows": found,
        }
        json.dump(said, sys.stdout, indent=1)
        print()


def described() -> Facts:
    """Processor, cores, system and Python."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="ascii", errors="replace").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def load() -> list[float]:
    """Load averages over 1, 5 and 15 minutes, or none where the system has none."""
    asked: Callable[[], tuple[float, ...]] | None = getattr(os, "getloadavg", None)
    return [round(number, 2) for number in asked()] if asked else []
