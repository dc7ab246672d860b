"""The floor benchmark writes again what a round wrote: all of it, and nothing else."""

import json
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from benchmarks.gateway_floor import play
from benchmarks.gateway_floor_rows import counts, groups, lasting, write_again
from vault.engine import sqlite_module

_FACTS = ("order_intent", "execution", "audit_entry", "ledger_leg")


def test_every_row_of_a_round_is_written_again(tmp_path: Path) -> None:
    played = play(tmp_path, orders=20, group=10)

    wanted = groups(played)
    write_again(played, wanted)

    written = Counter[str]()
    for part in (part for group in wanted for part in group):
        written[part.table] += len(part.rows)
    before, after = counts(played.before, list(written)), counts(played.after, list(written))
    assert written == Counter(after) - Counter(before)
    assert counts(tmp_path / "floor.db", list(written)) == after
    assert written["order_intent"] == 20
    for table in _FACTS:
        assert _rows(tmp_path / "floor.db", table) == _rows(played.after, table)


def test_an_orders_intent_and_its_fill_are_in_transactions_of_their_own(tmp_path: Path) -> None:
    played = play(tmp_path, orders=20, group=10)

    tables = [{part.table for part in group} for group in groups(played)]

    assert sum("order_intent" in one for one in tables) == 2
    assert not any({"order_intent", "order_fill"} <= one for one in tables)


def test_a_number_that_is_given_again_is_of_the_commit_that_gave_it_last() -> None:
    commits = [{"balance": 100}, {"balance": 110}, {"balance": 100}, {"balance": 105}]

    assert [one["balance"] for one in lasting(commits)] == [100, 100, 100, 105]


def test_the_floor_is_told_beside_ours_and_the_pair() -> None:
    words = ["-m", "benchmarks.gateway_floor", "--orders", "50", "--pair-orders", "50", "--json"]

    done = subprocess.run(
        [sys.executable, *words],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )

    said = json.loads(done.stdout)
    figures = said["us_per_order"]
    assert said["same_row_counts"]
    assert 0 < figures["floor"] < figures["ours"]
    assert said["pair"]["half_allows"] > 0


def _rows(path: Path, table: str) -> object:
    with closing(sqlite_module().connect(path)) as connection:
        return connection.execute(f"select * from {table} order by rowid").fetchall()
