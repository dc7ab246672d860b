"""`trimtab demo` as a newcomer runs it."""

import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from tests.system.desk import processes_that_inherited

pytestmark = pytest.mark.integration

KEYS = {
    "run_id",
    "trigger",
    "snapshot",
    "accounts",
    "quarantined",
    "infeasible",
    "orders",
    "executions",
    "shares_traded",
    "notional",
    "breaches",
    "tracking_error_before",
    "tracking_error_after",
    "tax_cost",
    "breaks",
    "ledger_balanced",
    "audit_verified",
    "unexplained_orders",
    "seconds",
}


def test_the_demo_keeps_every_promise_and_leaves_nothing_behind(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "console.main", "demo", "--json"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        out, err = demo.communicate(timeout=240)

    assert demo.returncode == 0, err
    summary = json.loads(out)
    assert set(summary) >= KEYS
    assert (summary["breaks"], summary["unexplained_orders"]) == (0, 0)
    assert (summary["ledger_balanced"], summary["audit_verified"]) == (True, True)
    assert summary["trigger"] == "month-end"
    assert Decimal(summary["tracking_error_after"]) < Decimal(summary["tracking_error_before"])
    assert summary["accounts"] >= 50
    assert 0 < summary["quarantined"] + summary["infeasible"] < summary["accounts"]
    assert summary["executions"] >= summary["orders"] > 0
    assert set(summary["breaches"]) >= {"hard", "soft", "overridden"}
    assert {case["rule_id"] for case in summary["cases"]} == {"industry-drift"}
    assert all(case["due"] == "2022-12-30" for case in summary["cases"])
    assert list(tmp_path.iterdir()) == []
    assert processes_that_inherited(f"TMPDIR={tmp_path}") == []
