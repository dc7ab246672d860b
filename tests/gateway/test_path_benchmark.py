"""The path benchmark plays the order path whole, and says what is wrong with what it played."""

import json
import subprocess
import sys
from pathlib import Path


def test_the_path_benchmark_leaves_sound_books(tmp_path: Path) -> None:
    profile = tmp_path / "path.prof"
    words = ["-m", "benchmarks.gateway_path", "--orders", "100", "--json"]

    done = subprocess.run(
        [sys.executable, *words, "--profile", str(profile)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )

    said = json.loads(done.stdout)
    assert (said["executions"], said["differences"], said["audit"]) == (200, 0, True)
    assert all(figure > 0 for figure in said["us_per_order"].values())
    assert profile.stat().st_size > 0
