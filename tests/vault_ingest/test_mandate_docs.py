"""docs/mandates.md is true: its examples are ingested and optimised, its refusals occur."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.goals import Aim, Wishes
from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from vault.ingest import Fate, ingest
from vault.ingest.rows import Known
from vault.ingest.wishes import FORCED, WishReader
from vault.snapshots import take

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mandates.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```toml (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
MEASURES = BLOCKS.pop("measures")
REFUSED = re.findall(r"^\| `(\w+ = .+?)` \| `(.+)` \|$", PAGE, re.MULTILINE)
WORDS = re.findall(r"^\| `(\w+)`(?:, `(\w+)`)?(?:, `(\w+)`)? \|", PAGE, re.MULTILINE)
BASE = (ROOT / "data" / "book" / "mandates.toml").read_text(encoding="utf-8")
AT = datetime(2022, 11, 30, 20, 44, tzinfo=UTC)
TODAY = date(2022, 11, 30)
ACCOUNT = "Z41-200417"
EXAMPLE = """
[[mandate]]
id = "EXAMPLE"
lot_method = "specific"
cash = { name = "cash reserve", minimum = 0.005, maximum = 0.06 }
sector_band = 0.50
name_maximum = 0.30
turnover_maximum = 1.5
risk_aversion = 20
short_term_rate = 0.37
long_term_rate = 0.20
minimum_trade = 500
drift_absolute = 0.03
drift_relative = 0.50
"""


def put(connection, tmp_path, block):
    path = tmp_path / "mandates_20221130.toml"
    path.write_text(BASE + EXAMPLE + block + "\n" + MEASURES, encoding="utf-8")
    return ingest(connection, [path], layouts=(), at=AT)


def wishes_of(bundle) -> Wishes:
    mandates = {m.mandate_id: m for m in take(bundle, TODAY).mandates}
    return mandates["EXAMPLE"].wishes


@pytest.mark.parametrize("name", BLOCKS)
def test_an_account_is_optimised_under_every_example_of_the_page(name, bundle, tmp_path):
    report = put(bundle, tmp_path, BLOCKS[name])
    assert report.problems == ()

    taken = take(bundle, TODAY)
    accounts = tuple(
        replace(a, mandate_id="EXAMPLE") if a.account_id == ACCOUNT else a for a in taken.accounts
    )
    (proposal,) = propose_batch(*assemble(replace(taken, accounts=accounts), [ACCOUNT]))

    assert proposal.outcome is Outcome.TRADE, proposal.message
    for trade in proposal.trades:
        assert sum(term.basis_points for term in trade.terms) == 0


def test_every_key_is_on_the_page_and_in_an_example():
    keys = set(WishReader(Known(), {}).keys)
    told = {word for words in WORDS for word in words if word}
    used = set(re.findall(r"^\[*(?:mandate\.)?(\w+)", "\n".join(BLOCKS.values()), re.MULTILINE))

    assert told == keys
    assert keys <= used
    assert all(f"`{key}`" in PAGE for key in FORCED)
    assert all(f"`{aim}`" in PAGE for aim in Aim)


def test_what_is_not_said_is_tracking_and_nothing_else(bundle, tmp_path):
    put(bundle, tmp_path, "")

    assert wishes_of(bundle) == Wishes()


def test_a_mandate_takes_only_the_measures_that_it_uses(bundle, tmp_path):
    put(bundle, tmp_path, 'expected_return = "view"')

    assert set(wishes_of(bundle).measures) == {"view"}
    assert len(wishes_of(bundle).measures["view"]) == 20


@pytest.mark.parametrize(("written", "refused"), REFUSED)
def test_a_refusal_reads_as_the_page_says_and_names_the_line(written, refused, bundle, tmp_path):
    report = put(bundle, tmp_path, written.replace("\\|", "|"))

    (file,) = report.files
    assert file.fate is Fate.REFUSED
    line = (BASE + EXAMPLE).count("\n") + 1
    assert f"mandates_20221130.toml:{line}: {refused}" in [str(p) for p in report.problems]


def test_a_measure_of_an_unknown_security_is_refused(bundle, tmp_path):
    report = put(bundle, tmp_path, "\n[measures.beta]\nXOMM = 1.0\nCVX = true\n")

    said = [str(problem).split(": ", 1)[1] for problem in report.problems]
    assert said == [
        "XOMM 'XOMM' is no symbol of the security master; did you mean 'XOM'?",
        "CVX 'True' is not a number; write it like 0.05",
    ]


def test_a_security_that_lacks_closes_is_in_quarantine_until_gaps_are_handled(bundle, tmp_path):
    """A newcomer with sixty closes; its account is kept out, or its risk is told to be borrowed."""
    lines = (ROOT / "data" / "book" / "prices.csv").read_text(encoding="utf-8").splitlines()
    young = [line for line in lines[1:] if ",RRC," not in line or line >= "2022-09-06"]
    path = tmp_path / "prices.csv"
    path.write_text("\n".join([lines[0], *young]) + "\n", encoding="utf-8")
    ingest(bundle, [path], layouts=(), at=AT, replace=True)
    kept_out = {f.check for f in take(bundle, TODAY).quarantined().get(ACCOUNT, ())}

    put(bundle, tmp_path, BLOCKS["risk-statistical"])
    taken = take(bundle, TODAY)
    (proposal,) = propose_batch(*assemble(taken, [ACCOUNT]))

    assert kept_out == {"incomplete_history"}
    assert ACCOUNT not in taken.quarantined()
    assert proposal.outcome is Outcome.TRADE
    assert any(
        note.startswith("Risk model: RRC has returns on 8% of days") for note in proposal.notes
    )
