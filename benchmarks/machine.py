"""What a benchmark ran on, and what else the machine did meanwhile."""

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

Facts = dict[str, Any]


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
