"""All planted bugs by name, and the code with one of them in it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tests.simulation import planted, planted_kinds

PLANTS: Mapping[str, planted.Plant] = {**planted.PLANTS, **planted_kinds.KINDS}


@contextmanager
def with_bug(name: str) -> Iterator[None]:
    """The code with one bug more."""
    with ExitStack() as stack:
        PLANTS[name](stack)
        yield
