"""A desk: the service in memory, small and true to the port's words.

The real one joins every room; what is tested here is the console, so the desk
keeps what it is told and answers from it.
"""

import shutil
import socket
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest

from console import doors
from console.api import create_app
from console.api_server import ApiServer
from console.config import ApiSettings, load_config
from console.initialise import initialise
from console.main import main
from console.secrets_file import create_token, read_token
from console.service_port import (
    AuditVerdict,
    CheckLine,
    Health,
    IngestLine,
    IngestProblem,
    LifeLine,
    LotLine,
    OrderLife,
    OrderLine,
    PositionLine,
    ProposedLine,
    RunDetail,
    Telling,
)
from console.views import find_run
from domain.compliance import CheckResult, Force, Verdict
from domain.errors import BadInputError, UnknownNameError
from domain.ports import SessionState
from domain.postings import Break
from domain.runs import Approval, ApprovalStatus, Kill, Run, RunStatus, TriggerKind

NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
RUN_ID = UUID("0190b5a07c117abc8def0123456789ab")


class Desk:
    """`Service` in memory; `told` lists the wishes that reached it."""

    def __init__(self) -> None:
        self.told: list[tuple] = []
        self.halted: dict[tuple[str, str], Kill] = {}
        self.found: tuple[Break, ...] = ()
        self.verified = True
        self.pid = 2**22 + 1  # Above every process id of Linux: it has ended.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def health(self):
        return Health(
            version="0.1.0",
            now=NOW,
            started_at=NOW,
            pid=self.pid,
            holder="trimtab",
            open_runs=0,
            open_orders=1,
            in_doubt=0,
            kills=self.kills(),
            sessions=self.sessions(),
        )

    def sessions(self):
        state = SessionState(
            session="FIX.4.4:TRIMTAB->XSIM",
            venue="XSIM",
            logged_on=True,
            gate_open=True,
            next_sender=12,
            next_target=9,
            durable_target=8,
            queue_depth=0,
            in_doubt=0,
        )
        return (state,)

    def runs(self, limit):
        run = Run(
            run_id=RUN_ID,
            trigger="month-end",
            kind=TriggerKind.CALENDAR,
            due=NOW,
            why="15 minutes before the close",
            account_ids=(),
            status=RunStatus.AWAITING_APPROVAL,
            started_at=NOW,
        )
        return (run,)[:limit]

    def run(self, run):
        check = CheckResult(
            rule_id="adv-share",
            rule_type="VolumeShare",
            force=Force.SOFT,
            verdict=Verdict.BREACH,
            subject="H001-1",
            security_ids=(),
            value=Decimal("0.12"),
            limit=Decimal("0.1"),
            sentence="12 % of the day's volume, the limit is 10 %",
            citation="desk policy",
        )
        return RunDetail(
            run=find_run(self.runs(10), run),
            steps=("snapshot",),
            approval=self.approvals()[0],
            orders=self.orders(None),
            not_passed=(check,),
            breaks=self.found,
        )

    def orders(self, query):
        self.told.append(("orders", query))
        order = OrderLine(
            cl_ord_id="7M2K9QDE-0001",
            run_id=RUN_ID,
            venue="XSIM",
            security_id="US0378331005",
            symbol="AAPL",
            side="buy",
            status="partially filled",
            order_qty=Decimal(1200),
            limit_price=Decimal("148.77"),
            cum_qty=Decimal(700),
            leaves_qty=Decimal(500),
            avg_px=Decimal("148.031429"),
            gross=Decimal(103622),
            commission=Decimal("2.1"),
            in_doubt=False,
            reason="",
            trade_date=date(2022, 11, 30),
            account_ids=("H001-1", "H002-1"),
            terms="limit 148.77 for the day",
        )
        return (order,)

    def order(self, name):
        (order,) = self.orders(None)
        if name != order.cl_ord_id:
            raise UnknownNameError(f"there is no order {name!r}; `trimtab orders` lists them")
        line = LifeLine(
            at=NOW,
            message="ExecutionReport",
            cl_ord_id=name,
            exec_id="XSIM-1",
            exec_type="trade",
            ord_status="partially filled",
            last_qty=Decimal(700),
            last_px=Decimal("148.031"),
            cum_qty=Decimal(700),
            leaves_qty=Decimal(500),
        )
        return OrderLife(
            order=order, order_id="XSIM-7", chain=(name,), pending=(f"{name}.1",), life=(line,)
        )

    def cancel(self, order, by, why):
        self.told.append(("cancel", order, by, why))
        return self.orders(None)[0]

    def replace(self, order, terms, by, why):
        self.told.append(("replace", order, terms, by, why))
        return self.orders(None)[0]

    def propose_settlement(self, order, what, by, why):
        self.told.append(("propose_settlement", order, what, by, why))
        return Telling(subject=order, lines=(f"{by} says that {order} {what.value}",))

    def second_settlement(self, order, by):
        self.told.append(("second_settlement", order, by))
        return Telling(subject=order, lines=(f"{by} agrees",))

    def propose_adoption(self, order, parts, run, by, why):
        self.told.append(("propose_adoption", order, parts, run, by, why))
        return Telling(subject=order, lines=(f"{by} says that {order} is ours",))

    def agree_adoption(self, order, by):
        self.told.append(("agree_adoption", order, by))
        return Telling(subject=order, lines=(f"{by} agrees",))

    def propose_split(self, wish, by, why):
        self.told.append(("propose_split", wish, by, why))
        return Telling(subject=wish.symbol, lines=(f"{by} says that {wish.symbol} is split",))

    def agree_split(self, symbol, day, by):
        self.told.append(("agree_split", symbol, day, by))
        return Telling(subject=symbol, lines=(f"{by} agrees",))

    def propose_adjustment(self, wish, by, why):
        self.told.append(("propose_adjustment", wish, by, why))
        return Telling(subject=wish.account_id, lines=(f"{by} says what the books lack",))

    def agree_adjustment(self, account_id, number, by):
        self.told.append(("agree_adjustment", account_id, number, by))
        return Telling(subject=account_id, lines=(f"{by} agrees",))

    def positions(self, account_id):
        if account_id == "NOBODY":
            raise UnknownNameError("no account 'NOBODY'; `trimtab positions` lists them")
        line = PositionLine(
            account_id="H001-1",
            security_id="USD",
            symbol="USD",
            quantity=Decimal("-1234567.5"),
            lots=0,
            basis=None,
            price=None,
            market_value=Decimal("-1234567.5"),
        )
        return (line,)

    def lots(self, account_id):
        line = LotLine(
            account_id=account_id or "H001-1",
            symbol="AAPL",
            lot_id="H001-1:AAPL:2",
            quantity=Decimal(1200),
            named=Decimal(30),
            basis=Decimal("150000.25"),
            acquired=date(2021, 3, 1),
            term="long",
        )
        return (line,)

    def breaks(self, run):
        return self.found

    def approvals(self):
        return (self._approval(ApprovalStatus.PENDING),)

    def kills(self):
        return tuple(self.halted.values())

    def explain(self, subject, run=None):
        self.told.append(("explain", subject, run))
        if subject != "7M2K9QDE-0001":
            raise UnknownNameError(f"no order or account {subject!r}; `trimtab orders` lists them")
        return Telling(subject=subject, lines=("Bought 700\x1b AAPL.",), facts={"shares": "700"})

    def proposed(self, run):
        return tuple(
            ProposedLine(
                account_id=account,
                symbol="AAPL",
                side="sell",
                quantity=Decimal(10),
                price=Decimal("148.03"),
                notional=Decimal("1480.3"),
                expected_cost=Decimal("0.44"),
                expected_tax=Decimal(-12),
                is_held=held,
                reason="Sell 10 AAPL: over its target.",
            )
            for account, held in (("H001-1", False), ("H001-2", True))
        )

    def trace(self, run):
        found = find_run(self.runs(1), run)
        return Telling(subject=found.run_id.hex, lines=(f"{found.trigger} fired.",))

    def audit_verify(self):
        return AuditVerdict(verified=self.verified, entries=3, message="every hash follows")

    def audit_export(self):
        yield '{"sequence":1}'
        yield '{"sequence":2}'

    def trigger(self, name, account_ids, by, urgency=None):
        self.told.append(("trigger", name, tuple(account_ids), by, urgency))
        return self.runs(1)[0]

    def approve(self, run, by, why, overrides):
        if by == "scheduler":
            raise BadInputError("the approver is the requester; a second person must approve")
        self.told.append(("approve", run, by, why, tuple(overrides)))
        return self._approval(ApprovalStatus.APPROVED)

    def reject(self, run, by, why):
        self.told.append(("reject", run, by, why))
        return self._approval(ApprovalStatus.REJECTED)

    def retry(self, run, by):
        self.told.append(("retry", run, by))
        return self.runs(1)[0]

    def halt(self, scope, name, by, why):
        kill = Kill(scope=scope, name=name, by=by, why=why, set_at=NOW)
        self.halted[scope, name] = kill
        return kill

    def resume(self, scope, name, by, why):
        return self.halted.pop((scope, name), None) is not None

    def ingest(self, paths, by, *, replace):
        self.told.append(("ingest", tuple(paths), by, replace))
        problem = IngestProblem(
            line=7, field="quantity", value="1,5", message="not a plain number; write 1.5"
        )
        return tuple(
            IngestLine(
                file=path.name,
                outcome="refused" if "bad" in path.name else "accepted",
                rows=2,
                problems=(problem,) if "bad" in path.name else (),
            )
            for path in paths
        )

    def reconcile(self, path):
        return self.found

    def stop(self, by):
        self.told.append(("stop", by))

    def _approval(self, status):
        return Approval(
            run_id=RUN_ID,
            content_hash="ab" * 32,
            requested_by="scheduler",
            requested_at=NOW,
            why="31 orders, the policy allows 25",
            status=status,
        )


@pytest.fixture
def desk():
    """An empty desk."""
    return Desk()


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """What `trimtab init` writes, made once; tests get copies."""
    folder = tmp_path_factory.mktemp("fresh") / "desk"
    initialise(folder)
    return folder


@pytest.fixture
def installed(fresh, tmp_path, monkeypatch):
    """The configuration of a fresh `trimtab init`."""
    for name in ("TRIMTAB_CONFIG", "TRIMTAB_DATABASE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(fresh, tmp_path / "desk")
    return load_config(tmp_path / "desk" / "trimtab.toml", {})


@pytest.fixture
def socket_settings(tmp_path):
    """A Unix socket whose path is longer than the kernel's limit."""
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    return ApiSettings(socket=folder / "api.sock", host="", port=0)


@pytest.fixture
def run(installed, desk, monkeypatch, capsys):
    """Runs a command on a fresh installation whose service is the desk, not running."""
    application = SimpleNamespace(
        check=lambda _config: (CheckLine(name="schema", ok=desk.verified, message="0001"),),
        serve=lambda _config: 0,
    )
    opening = SimpleNamespace(
        open_reading=lambda _config: desk, open_service=lambda _config, *, write: desk
    )
    monkeypatch.setattr(doors, "opening", lambda: opening)
    monkeypatch.setattr("console.commands.check.before_start", lambda: application)

    def call(*arguments, config=installed.path):
        capsys.readouterr()
        try:
            code = main(["--config", str(config), *arguments])
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return call


@pytest.fixture
def serving(installed, desk):
    """The desk behind the API of the installation, as `trimtab serve` would have it."""
    server = ApiServer(create_app(desk, read_token(installed.files.token)), installed.api)
    server.start()
    yield
    server.stop()


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    create_token(path)
    return path


@pytest.fixture
def tcp(desk, token_file):
    """A server on a loopback port: its settings and token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = ApiSettings(socket=None, host="127.0.0.1", port=port)
    server = ApiServer(create_app(desk, read_token(token_file)), settings)
    server.start()
    yield settings, read_token(token_file)
    server.stop()
