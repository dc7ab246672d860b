"""What worker processes do: assemble and optimise, and nothing that the parent must import.

The parent runs beside the FIX engine. It sees pickled bytes and proposals, and loads
neither numpy nor a solver.
"""

import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from decimal import Decimal
from math import inf

from domain.compliance import CheckResult
from domain.errors import ExitCode
from domain.proposals import AccountProposal
from domain.snapshot import Snapshot
from oms.compliance.compiled import compiled
from oms.compliance.rules import Rule

THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """The problems of one household as bytes, and whose they are."""

    account_ids: tuple[str, ...]
    problems: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A snapshot made ready: the market once, and each household."""

    market: bytes
    households: tuple[Household, ...]


def begin() -> None:
    """A worker's first act: one thread a worker, and an end when the parent ends."""
    limit_threads()
    threading.Thread(target=_end_with_the_parent, name="parent", daemon=True).start()


def limit_threads() -> None:
    """One thread a worker: set before the first import of numpy, as BLAS reads it then."""
    for name in THREAD_LIMITS:
        os.environ[name] = "1"


def _end_with_the_parent() -> None:
    """A parent that was killed tells nobody: its workers hold each other's pipe open for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has a parent"
    parent.join()
    os._exit(ExitCode.OK)


def warm_up() -> None:
    """Import what the first job would wait for."""
    import optimizer  # noqa: F401, PLC0415 - only ever imported in a worker


def prepare(
    snapshot: Snapshot, account_ids: tuple[str, ...], rules: tuple[Rule, ...] = ()
) -> Prepared:
    """Estimate the market and assemble the accounts; `rules` are kept where they are linear."""
    import optimizer  # noqa: PLC0415 - only ever imported in a worker

    market, problems = optimizer.assemble(snapshot, account_ids)
    at = datetime.combine(snapshot.as_of, time_of_day(), UTC)
    problems = tuple(
        optimizer.with_limits(market, one, compiled(rules, snapshot, one.account_id, at))
        for one in problems
    )
    members: dict[str, list[optimizer.AccountProblem]] = {}
    for problem in problems:
        members.setdefault(problem.household_id, []).append(problem)
    return Prepared(
        market=pickle.dumps(market),
        households=tuple(
            Household(
                account_ids=tuple(problem.account_id for problem in of_household),
                problems=pickle.dumps(of_household),
            )
            for of_household in members.values()
        ),
    )


def tracking_errors(snapshot: Snapshot) -> dict[str, Decimal]:
    """How far each account of the snapshot is from its target, as it stands."""
    import optimizer  # noqa: PLC0415 - only ever imported in a worker

    return optimizer.tracking_errors(*optimizer.assemble(snapshot))


def check_portfolios(
    rules: tuple[Rule, ...], snapshot: Snapshot, at: datetime, wanted: frozenset[tuple[str, str]]
) -> tuple[CheckResult, ...]:
    """What the rules say of the portfolios of a book."""
    from oms.compliance.sweep import portfolios  # noqa: PLC0415 - numpy, only ever in a worker

    return portfolios.check_portfolios(rules, snapshot, at, wanted)


def optimise(
    market: bytes,
    households: Sequence[Household],
    *,
    clock: Callable[[], float] = time.monotonic,
    ends: float = inf,
    seconds_per_account: float = inf,
) -> tuple[AccountProposal, ...]:
    """The answers of a batch of households by `ends`, a time of `clock`."""
    import optimizer  # noqa: PLC0415 - only ever imported in a worker

    problems = [
        problem
        for household in households
        for problem in pickle.loads(household.problems)  # noqa: S301 - our own bytes, from a pipe
    ]
    return optimizer.propose_batch(
        pickle.loads(market),  # noqa: S301 - our own bytes, from a pipe
        problems,
        deadline=optimizer.Deadline(clock, ends),
        seconds_per_account=seconds_per_account,
    )
