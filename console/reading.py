"""Questions, answered from a read-only view of the vault."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from console.account_story import RECENT_RUNS, of_account, run_of_account
from console.lot_lines import lot_lines
from console.order_life import costs_of, find_order, life_of
from console.rule_preview import RulePreview, preview_of
from console.service_port import (
    AuditVerdict,
    BooksVerdict,
    LotLine,
    OrderLife,
    OrderLine,
    OrderQuery,
    PositionLine,
    ProposedLine,
    RunDetail,
    Telling,
)
from console.stored_run import StoredRun, detail, load
from console.views import find_run, order_line, proposed_line, unknown_case
from domain.audit import Tampering
from domain.cases import Case, CaseEntry
from domain.codec import encode
from domain.errors import BadInputError, UnknownNameError
from domain.exact import ZERO
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.orders import Order
from domain.overrides import GivenOverride
from domain.ports import Clock, Vault
from domain.postings import Break
from domain.rule_sets import RulesEntry, RuleSet
from domain.runs import Approval, Kill, Run
from domain.snapshot import Snapshot
from ledger.positions import is_balanced
from oms import rules_in_force
from oms.explain import Explanation
from oms.generations import carried

RECENT_ORDERS = 100_000
NAMED_PROBLEMS = 3


class VaultReading:
    """`console.service_port.Reading` over whatever implements `Vault`."""

    def __init__(
        self,
        vault: Vault,
        clock: Clock,
        verify_audit: Callable[[], Tampering | None],
        check_projections: Callable[[], tuple[str, ...]],
    ) -> None:
        self._facts, self._watch = vault, clock
        self._verify_audit, self._check_projections = verify_audit, check_projections

    def runs(self, limit: int) -> tuple[Run, ...]:
        """The newest runs, newest first."""
        with self._facts.read() as view:
            return view.runs.recent(limit)

    def run(self, run: str) -> RunDetail:
        """One run with what came of it."""
        with self._facts.read() as view:
            return detail(view, find_run(view.runs.recent(RECENT_RUNS), run))

    def stored(self, run: str) -> StoredRun:
        """Everything that is stored of one run."""
        with self._facts.read() as view:
            return load(view, find_run(view.runs.recent(RECENT_RUNS), run))

    def orders(self, query: OrderQuery) -> tuple[OrderLine, ...]:
        """Orders, newest first."""
        with self._facts.read() as view:
            if query.run is not None:
                run = find_run(view.runs.recent(RECENT_RUNS), query.run)
                orders = tuple(reversed(view.orders.of_run(run.run_id)))
            else:
                orders = view.orders.recent(RECENT_ORDERS)
        wanted = [order for order in orders if _matches(order, query)]
        return tuple(order_line(order) for order in wanted[: query.limit])

    def lots(self, account_id: str | None) -> tuple[LotLine, ...]:
        """Open tax lots, of one account or of all."""
        with self._facts.read() as view:
            return lot_lines(view, account_id, self._watch.now().date())

    def order(self, name: str) -> OrderLife:
        """The order that any ClOrdID of its chain names, and all that happened to it."""
        with self._facts.read() as view:
            order = find_order(view, name)
            events, intent = view.orders.events(name), order.intent
            went_on = carried(view.orders.of_run(intent.run_id)).get(intent.cl_ord_id, ZERO)
            closes = view.snapshots.closes(intent.trade_date, intent.trade_date)
            said = view.allocations.of_order(intent.cl_ord_id)
            evidence = [entry for change in order.chain[1:] for entry in view.audit.about(change)]
        close = closes.get(intent.security_id)
        last = None if close is None else close.close
        costs = costs_of(order, events, carried=went_on, last=last)
        return life_of(order, events, costs, said, evidence)

    def positions(self, account_id: str | None) -> tuple[PositionLine, ...]:
        """Shares and cash by account, at the newest known prices."""
        with self._facts.read() as view:
            balances = view.ledger.balances()
            lots = view.ledger.lots(account_id)
            known = view.snapshots.market(self._watch.now().date())
        names = {security.security_id: security.symbol for security in known.securities}
        prices = {price.security_id: price.close for price in known.prices}
        by_holding: defaultdict[tuple[str, str], list[TaxLot]] = defaultdict(list)
        for lot in lots:
            by_holding[lot.account_id, lot.security_id].append(lot)
        lines = []
        for (book, asset), quantity in balances.items():
            account = book.removeprefix("client:")
            if account == book or account_id not in (None, account) or quantity == 0:
                continue
            own = by_holding[account, asset]
            lines.append(_position((account, asset), quantity, own, names, prices))
        if account_id is not None and not lines:
            raise UnknownNameError(
                f"no account {account_id!r} in the ledger; `trimtab positions` lists them all"
            )
        # By name as people look for it; cash stands last.
        return tuple(
            sorted(lines, key=lambda line: (line.account_id, line.symbol == CASH, line.symbol))
        )

    def breaks(self, run: str | None) -> tuple[Break, ...]:
        """Differences that reconciliation found, of one run or all."""
        with self._facts.read() as view:
            if run is None:
                return view.findings.breaks(None)
            return view.findings.breaks(find_run(view.runs.recent(RECENT_RUNS), run).run_id)

    def approvals(self) -> tuple[Approval, ...]:
        """What waits for a second person."""
        with self._facts.read() as view:
            return view.approvals.pending()

    def kills(self) -> tuple[Kill, ...]:
        """Halts that are in force."""
        with self._facts.read() as view:
            return view.kills.active()

    def cases(self, *, open_only: bool) -> tuple[Case, ...]:
        """The breach register, the most urgent first; what has no term stands last."""
        with self._facts.read() as view:
            known = view.cases.standing()
        wanted = [case for case in known if case.is_open or not open_only]
        return tuple(sorted(wanted, key=_urgency))

    def case(self, case_id: str) -> tuple[CaseEntry, ...]:
        """What happened to one case, oldest first."""
        with self._facts.read() as view:
            history = view.cases.history(case_id)
        if not history:
            raise unknown_case(case_id)
        return history

    def overrides(self) -> tuple[GivenOverride, ...]:
        """Every override that was given, oldest first."""
        with self._facts.read() as view:
            return view.overrides.all()

    def rules_history(self) -> tuple[RulesEntry, ...]:
        """Who put which rules in force, or proposed them, and when; oldest first."""
        with self._facts.read() as view:
            return rules_in_force.history(view)

    def rule_set(self, name: str) -> RuleSet:
        """The one rule set whose name begins so."""
        with self._facts.read() as view:
            return rules_in_force.named(view, name)

    def rules_in_force(self) -> RuleSet | None:
        """None before the first start."""
        with self._facts.read() as view:
            standing = rules_in_force.in_force(view)
        return None if standing is None else standing.rule_set

    def rules_preview(self, rule_set: RuleSet) -> RulePreview:
        """What these rules would say otherwise than those in force, of all there is now."""
        with self._facts.read() as view:
            return preview_of(view, rule_set, self._watch.now())

    def explain(self, subject: str, run: str | None = None) -> Telling:
        """Why an order (any ClOrdID of its chain) or an account is as it is.

        An account is told in the run that is named, else in its newest.
        """
        with self._facts.read() as view:
            order = view.orders.get(subject)
            if order is None:
                return _telling(of_account(view, subject, run, self._watch))
            if run is not None:
                raise BadInputError(f"{subject} is an order, and of one run; leave --run out")
            its_run = view.runs.get(order.intent.run_id)
            assert its_run is not None, "an order has its run"
            return _telling(load(view, its_run).of_order(order))

    def snapshot_of(self, account_id: str, run: str | None = None) -> Snapshot:
        """What the run that is named, else the newest that knows the account, was based on."""
        with self._facts.read() as view:
            snapshot = run_of_account(view, account_id, run).snapshot
        if snapshot is None:
            raise UnknownNameError(f"run {run} has not taken its snapshot yet")
        return snapshot

    def proposed(self, run: str) -> tuple[ProposedLine, ...]:
        """Every trade that the run would make or made, also of accounts that are held."""
        stored = self.stored(run)
        held = {account.account_id for account in stored.basket.held} if stored.basket else set()
        return tuple(
            proposed_line(wanted, is_held=wanted.account_id in held)
            for wanted in stored.recommendations
        )

    def trace(self, run: str) -> Telling:
        """A run from its trigger to its reconciliation."""
        return _telling(self.stored(run).traced())

    def audit_verify(self) -> AuditVerdict:
        """Whether the chain holds and passes through every anchor."""
        tampering = self._verify_audit()
        with self._facts.read() as view:
            count = len(view.audit.entries())
        return audit_verdict(tampering, count)

    def books_verify(self) -> BooksVerdict:
        """Whether every asset adds up to zero, and every projection is the fold of its facts."""
        with self._facts.read() as view:
            transactions = view.ledger.all()
        problems = self._check_projections()
        if not is_balanced(transactions):
            problems = ("the legs of an asset do not add up to zero", *problems)
        count = len(transactions)
        shown = problems[:NAMED_PROBLEMS]
        if len(problems) > len(shown):
            shown = (*shown, f"and {len(problems) - len(shown):,} more")
        message = "; ".join(shown) or f"{count} transactions balance, projections agree"
        return BooksVerdict(balanced=not problems, transactions=count, message=message)

    def audit_export(self) -> Iterator[str]:
        """The chain as JSON lines, oldest first."""
        with self._facts.read() as view:
            entries = view.audit.entries()
        return (encode(entry) for entry in entries)


def audit_verdict(tampering: Tampering | None, count: int) -> AuditVerdict:
    """What was found in a chain of `count` entries."""
    if tampering is None:
        message = f"{count} entries, each follows the one before it and matches the anchor"
        return AuditVerdict(verified=True, entries=count, message=message)
    return AuditVerdict(verified=False, entries=count, message=tampering.message)


def _matches(order: Order, query: OrderQuery) -> bool:
    accounts = {allocation.account_id for allocation in order.intent.allocations}
    return (
        query.account_id in (None, *accounts)
        and query.symbol in (None, order.intent.symbol)
        and not (query.open_only and order.is_closed)
    )


def _position(
    holding: tuple[str, str],
    quantity: Decimal,
    lots: list[TaxLot],
    names: dict[str, str],
    prices: dict[str, Decimal],
) -> PositionLine:
    account_id, asset = holding
    if asset == CASH:
        return PositionLine(
            account_id=account_id,
            security_id=CASH,
            symbol=CASH,
            quantity=quantity,
            lots=0,
            basis=None,
            price=None,
            market_value=quantity,
        )
    price = prices.get(asset)
    return PositionLine(
        account_id=account_id,
        security_id=asset,
        symbol=names.get(asset, asset),
        quantity=quantity,
        lots=len(lots),
        basis=sum((lot.basis for lot in lots), Decimal(0)),
        price=price,
        market_value=None if price is None else quantity * price,
    )


def _urgency(case: Case) -> tuple[bool, date, str]:
    return not case.is_open, case.due or date.max, case.case_id


def _telling(explanation: Explanation) -> Telling:
    return Telling(subject=explanation.subject, lines=explanation.lines(), facts=explanation.facts)
