"""The interpreter of a service that shares it with the FIX engine.

A full collection walks everything that was ever loaded while the engine's thread waits; and a
thread that is busy keeps the interpreter for as long as the switch interval says.
"""

import gc
import sys

_ALLOCATIONS = 50_000  # Between collections of the youngest; Python's own is 700.
_YOUNGER = (20, 50)  # Collections of a generation before the next older one is looked at.
_SWITCH_SECONDS = 0.001  # Python's own is 5 ms.


def spare_the_engine() -> None:
    """Once everything is loaded and started: what there is by now is not collected any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *_YOUNGER)
    sys.setswitchinterval(_SWITCH_SECONDS)
