"""Benchmarks: how fast the rooms are, side by side with what else there is, in one run.

`python -m benchmarks.NAME --json` prints one JSON object: what ran on which machine, its load
meanwhile, and rows of figures. Every row carries what makes its speed worth something (gap,
violation, lost messages) beside the time. Peers are optional (`pip install .[bench]`): one that is
not installed is named in the output, never an error. Ratios hold between machines, seconds do not.
"""

import os

# One thread a process, as in our workers; before numpy is imported, as BLAS reads them then.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
