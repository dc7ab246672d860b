"""facts.csv: what rules ask for gets from the file into the snapshot, or is refused in words."""

from datetime import date

import pytest

from domain.facts import About
from oms.compliance.check import check_portfolio
from oms.compliance.load import load_pack
from tests.vault_ingest.conftest import AT
from vault.ingest import Fate, ingest
from vault.snapshots import take

HEADER = "about,subject,fact,of,value\n"
DAY = date(2022, 11, 30)


@pytest.fixture
def put(bundle, layouts, tmp_path):
    """Ingest facts into the bundled book; gives the file's report."""

    def run(text: str, **options):
        path = tmp_path / "facts.csv"
        path.write_text(HEADER + text, encoding="utf-8")
        (report,) = ingest(bundle, [path], layouts=layouts, at=AT, **options).files
        return report

    return run


def test_facts_stand_in_the_snapshot_with_their_lines(put, bundle):
    report = put("security,KO,liquidity,,illiquid\nsecurity,AAPL,contains,KO,0.06\n")

    found = take(bundle, DAY).facts
    assert report.fate is Fate.ACCEPTED
    assert [(f.about, f.subject, f.name, f.of, f.value) for f in found] == [
        (About.SECURITY, "US0378331005", "contains", "US1912161007", "0.06"),
        (About.SECURITY, "US1912161007", "liquidity", "", "illiquid"),
    ]
    assert str(found[0].source) == "facts.csv:3"


def test_a_rule_of_a_pack_reads_them(put, bundle):
    """An account that a fact makes a fund is asked what funds are asked."""
    account = take(bundle, DAY).accounts[0].account_id
    put(f"account,{account},type,us_fund_limited_user,yes\naccount,{account},short_sales,,1\n")
    snapshot = take(bundle, DAY)

    found = check_portfolio(load_pack("us-fund"), snapshot, AT)

    assert {(answer.rule_id, answer.subject) for answer in found} == {
        ("fund-limited-derivatives", account)
    }


def test_a_new_file_replaces_the_old_one_whole(put, bundle):
    put("security,KO,ric,,yes\n")
    put("security,PEP,ric,,yes\n", replace=True)

    assert [fact.subject for fact in take(bundle, DAY).facts] == ["US7134481081"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("security,KOO,ric,,yes", "subject 'KOO' is no symbol of the security master; did you"),
        ("security,KO,liqidity,,illiquid", "fact 'liqidity' is no fact about a security; did you"),
        ("security,KO,liquidity,,ilquid", "value 'ilquid' 'ilquid' is not one of highly_liquid"),
        ("security,KO,outstanding,,1e9", "value '1e9' '1e9' is not a plain decimal number"),
        ("securty,KO,ric,,yes", "about 'securty' is nothing that facts are about; did you mean"),
        ("account,A-0,borrowings,,5", "subject 'A-0' is no known account"),
        ("security,AAPL,contains,KOO,0.5", "of 'KOO' is no symbol of the security master"),
        ("security,AAPL,underlying,,KOO", "value 'KOO' is no symbol of the security master"),
    ],
)
def test_a_wrong_line_is_refused_with_its_remedy(put, bundle, line, problem):
    report = put(f"security,PEP,ric,,yes\n{line}\n")

    assert report.fate is Fate.REFUSED
    assert str(report.problems[0]).startswith(f"facts.csv:3: {problem}"), report.problems[0]
    assert take(bundle, DAY).facts == ()


def test_a_fact_is_told_once(put):
    report = put("security,KO,ric,,yes\nsecurity,KO,ric,,no\n")

    assert "was told at line 2 already" in str(report.problems[0])
