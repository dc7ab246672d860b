"""The optimizer's jobs on a Dask cluster: the same functions, the same answers.

The cluster's workers need this version of Trimtab, and machines of one kind where the last bit
counts. Dask sends pickled code: keep its scheduler in a network that you trust.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, ParamSpec, TypeVar

from domain.errors import ConfigError, MissingError
from scheduler.workers import WorkerDiedError

P = ParamSpec("P")
T = TypeVar("T")
CONNECT_SECONDS = 10


class Cluster:
    """Stands in for `Workers`: what is submitted goes to the cluster's scheduler."""

    clock = staticmethod(time.time)  # The one clock that machines share, more or less.

    def __init__(self, address: str) -> None:
        """`address` is the Dask scheduler's, tcp://host:8786.

        Raises `MissingError` without Dask, `ConfigError` when nothing answers there.
        """
        try:
            from distributed import Client  # noqa: PLC0415 - an extra, and slow to import
        except ImportError as error:
            raise MissingError(
                "service.scheduler_address needs Dask: pip install 'trimtab[dask]'"
            ) from error
        try:
            self._client: Any = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise ConfigError(
                f"service.scheduler_address: no Dask scheduler answers at {address!r}; start one "
                "(dask scheduler), correct the address, or take the key out to use this machine"
            ) from error
        self._executor: Any = self._client.get_executor(pure=False)

    @property
    def count(self) -> int:
        """Threads of the cluster's workers: so many jobs run at a time; at least one."""
        return max(int(sum(self._client.nthreads().values())), 1)

    def submit(self, task: Callable[P, T], *given: P.args, **named: P.kwargs) -> Future[T]:
        """Run a task on the cluster; the future raises what it raised, or `WorkerDiedError`."""
        answer: Future[T] = Future()
        asked = self._executor.submit(partial(task, *given, **named))
        asked.add_done_callback(partial(_pass_on, answer))
        return answer

    def close(self) -> None:
        """Leave the cluster; it goes on for others."""
        self._executor.shutdown(wait=False)
        self._client.close()


def _pass_on(answer: Future[T], asked: Future[T]) -> None:
    error = asked.exception()
    if error is None:
        answer.set_result(asked.result())
    elif type(error).__name__ == "KilledWorker":  # Dask's, which may not be installed here.
        answer.set_exception(WorkerDiedError(str(error)))
    else:
        answer.set_exception(error)
