"""Worker processes, each at the end of a pipe of its own.

Not `ProcessPoolExecutor`: its workers share one queue, and the Python 3.11.2 of
Debian 12 waits for ever when a worker dies while that queue is being written
(python/cpython#94777). Here a death is the end of one pipe: it takes its own job
and no other. Nor is there a semaphore, so /dev/shm is not needed.
"""

import multiprocessing
import os
import pickle
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
END_SECONDS = 10.0
# Spawned, not forked: a fork would copy the engine's threads in the middle of a step.
_SPAWN = multiprocessing.get_context("spawn")


class WorkerDiedError(Exception):
    """The process that had the job has ended; the job may be what killed it."""


class Workers:
    """So many processes; what is submitted waits for an idle one."""

    clock = staticmethod(time.monotonic)  # Of the machine: the same in every process.

    def __init__(self, count: int, begin: Callable[[], None]) -> None:
        """`begin` is each process's first act."""
        self.count = count
        self._workers = [_Worker(begin) for _ in range(count)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="worker")

    @property
    def pids(self) -> tuple[int, ...]:
        """The operating system's numbers of the processes."""
        return tuple(worker.pid for worker in self._workers)

    def submit(self, task: Callable[P, T], *given: P.args, **named: P.kwargs) -> Future[T]:
        """Run a task in a worker. The future raises what it raised, or `WorkerDiedError`."""
        return self._threads.submit(self._answer, task, given, named)

    def close(self) -> None:
        """Stop the processes once they are idle; what has not begun is dropped."""
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.end()

    def _answer(self, task: Callable[..., T], given: Any, named: Any) -> T:
        job = pickle.dumps((task, given, named))
        worker = self._idle.get()
        try:
            answer: T = worker.answer(job)
        finally:
            self._idle.put(worker)
        return answer


class _Worker:
    """One process, started anew when it has died. Used by one thread at a time."""

    def __init__(self, begin: Callable[[], None]) -> None:
        self._begin = begin
        self._start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None, "it was started"
        return self._process.pid

    def answer(self, job: bytes) -> Any:
        if not self._process.is_alive():
            self._pipe.close()
            self._start()
        try:
            self._pipe.send_bytes(job)
            reply = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            self._process.kill()
            self._process.join()
            code = self._process.exitcode
            raise WorkerDiedError(f"worker process {self.pid} ended with {code}") from error
        succeeded, answer = pickle.loads(reply)  # noqa: S301 - our own bytes, from our own process
        if not succeeded:
            raise answer
        return answer

    def end(self) -> None:
        self._pipe.close()
        self._process.join(END_SECONDS)
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, self._begin), daemon=True)
        self._process.start()
        theirs.close()  # So that the worker's is the only one, and its death is our end of file.


def _serve(pipe: Connection, begin: Callable[[], None]) -> None:
    """A worker's life: answer until the pipe ends."""
    begin()
    try:
        while True:
            pipe.send_bytes(_reply(pipe.recv_bytes()))
    except (EOFError, OSError, KeyboardInterrupt):
        os._exit(0)  # The parent has closed its end, or has gone.


def _reply(job: bytes) -> bytes:
    try:
        task, given, named = pickle.loads(job)  # noqa: S301 - our own bytes, from our own parent
        return pickle.dumps((True, task(*given, **named)))
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
        error.add_note("in a worker process:\n" + traceback.format_exc())
        return pickle.dumps((False, error))
