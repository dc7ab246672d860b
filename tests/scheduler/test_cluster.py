"""A Dask cluster in place of our own processes: the same answers to the last digit."""

from concurrent.futures import Future

import distributed
import pytest

import optimizer
from domain.errors import ConfigError, UnknownNameError
from domain.proposals import Outcome
from scheduler import cluster as clusters
from scheduler.cluster import Cluster
from scheduler.pool import OptimizerPool, Times
from scheduler.workers import WorkerDiedError
from tests.optimizer.book import account, book_of

SNAPSHOT = book_of(account("A1", "H1"), account("A2", "H1"), account("B1", "H2"))


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_a_cluster_answers_what_one_process_answers_to_the_last_digit(address):
    steps = []
    with OptimizerPool(Cluster(address)) as pool:
        answers = pool.optimise(SNAPSHOT, progress=lambda done, of: steps.append((done, of)))

    assert answers == optimizer.propose_batch(*optimizer.assemble(SNAPSHOT))
    assert (steps[0], steps[-1]) == ((0, 3), (3, 3))


def test_what_a_job_raises_comes_back(address):
    with (
        OptimizerPool(Cluster(address)) as pool,
        pytest.raises(UnknownNameError, match="account NOBODY is not in the snapshot"),
    ):
        pool.optimise(SNAPSHOT, ("NOBODY",))


def test_the_runs_time_holds_on_a_cluster_too(address):
    with OptimizerPool(Cluster(address), times=Times(run=1e-9)) as pool:
        answers = pool.optimise(SNAPSHOT)

    assert {answer.outcome for answer in answers} == {Outcome.FAILED}


def test_a_worker_that_the_cluster_gave_up_is_a_worker_that_died():
    class KilledWorker(Exception):  # noqa: N818 - Dask's own name
        pass

    asked, answer = Future(), Future()
    asked.set_exception(KilledWorker("tried thrice"))

    clusters._pass_on(answer, asked)

    with pytest.raises(WorkerDiedError, match="tried thrice"):
        answer.result()


def test_an_address_where_no_scheduler_answers_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 0.5)

    with pytest.raises(ConfigError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:9'"):
        Cluster("tcp://127.0.0.1:9")
