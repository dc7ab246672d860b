"""Many seeds, on several processes."""

import gc
import multiprocessing
from collections.abc import Iterator
from contextlib import nullcontext
from multiprocessing.connection import Connection

from tests.simulation.plants import with_bug
from tests.simulation.seeds import Outcome, ground, play

_RARELY = (50_000, 20, 50)  # Collections: a history leaves little behind.


def play_all(
    first: int, count: int, *, workers: int = 1, plant: str = "", tell: bool = False
) -> Iterator[Outcome]:
    """Each seed's outcome, as it comes in; those of one worker in their order.

    `tell` of each what happened, not only of those that failed; for one worker.
    """
    if workers == 1:
        yield from _play(range(first, first + count), plant, tell=tell)
        return
    context = multiprocessing.get_context("spawn")
    pipes = []
    for number in range(workers):
        theirs, ours = context.Pipe()
        seeds = range(first + number, first + count, workers)
        worker = context.Process(target=_tell, args=(ours, seeds, plant), daemon=True)
        worker.start()
        ours.close()
        pipes.append(theirs)
    while pipes:
        for pipe in multiprocessing.connection.wait(pipes):
            try:
                yield pipe.recv()
            except EOFError:
                pipes.remove(pipe)


def _play(seeds: range, plant: str, *, tell: bool = False) -> Iterator[Outcome]:
    with with_bug(plant) if plant else nullcontext(), ground() as here:
        for seed in seeds:
            yield play(seed, here, tell=tell)


def _tell(pipe: Connection, seeds: range, plant: str) -> None:
    gc.set_threshold(*_RARELY)
    for outcome in _play(seeds, plant):
        pipe.send(outcome)
    pipe.close()
