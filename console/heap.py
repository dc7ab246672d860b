"""What C's heap holds free, given back to the system.

glibc gives back what is free at a heap's end, and threads have heaps of their own: the pages that a
pile-up of orders took stay, and by the next one others lie between them. `malloc_trim` gives back
whole pages wherever they lie, in about a millisecond; other C libraries do without, and so does
this.
"""

import ctypes

from gateway.every import Every

_EVERY_SECONDS = 20.0


def give_back() -> bool:
    """Give back what is free now; False where the C library has no way."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return False
    trim(0)
    return True


def heap_trimmer() -> Every:
    """Gives back what is free, again and again, where there is a way."""
    return Every("heap", _EVERY_SECONDS, give_back)
