"""A desk to load: a hundred names, two hundred accounts with lots and cash, one run, wide limits.

Half of the orders buy and open lots, half sell and relieve lots by HIFO; what one round over all
names and accounts bought the next one sells, so that the book stays as large as it is. Each is a
block of one account, as in the bare pair an order is one message.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from benchmarks import plain_book
from domain.identifiers import is_isin
from domain.lots import TaxLot
from domain.orders import Allocation, OrderIntent, OrdType, Side, TimeInForce
from domain.ports import Vault
from domain.runs import Run, RunStatus, TriggerKind
from domain.snapshot import Snapshot
from ledger import postings
from oms.wire_risk import RiskLimits

RUN = UUID("018f0000-0000-7000-8000-0000000000aa")
VENUE = "XSIM"
NAMES, ACCOUNTS, LOTS = 100, 200, 3
_ROUND = NAMES * ACCOUNTS
_PRICE = Decimal("148.00")


def _isin(number: int) -> str:
    """An invented one of the United States, with its check digit."""
    return next(isin for digit in range(10) if is_isin(isin := f"US00000{number:04d}{digit}"))


SECURITIES = tuple(_isin(number) for number in range(NAMES))
LIMITS = RiskLimits(
    maximum_quantity=Decimal(10_000),
    maximum_notional=Decimal(1_000_000),
    price_collar=Decimal("0.5"),
    stale_days=4,
    duplicate_window=timedelta(seconds=60),
    orders_per_minute=10_000_000,
    messages_per_minute=10_000_000,
    daily_firm=Decimal(10) ** 15,
    daily_strategy=Decimal(10) ** 15,
    daily_account=Decimal(10) ** 15,
)


def open_books(vault: Vault, now: datetime) -> Snapshot:
    """Store the run and its snapshot, and open every account."""
    book = snapshot(now)
    with vault.write() as uow:
        name = uow.snapshots.put(book, now)
        uow.runs.add(
            Run(
                run_id=RUN,
                trigger="load",
                kind=TriggerKind.MANUAL,
                due=now,
                why="a benchmark",
                account_ids=(),
                status=RunStatus.RUNNING,
                started_at=now,
                snapshot_id=name,
            )
        )
        for position in plain_book.custody(book):
            uow.ledger.append(postings.opening(position, now))
    return book


def intents(names: Sequence[str], now: datetime) -> tuple[OrderIntent, ...]:
    """One block for each name; which account and security follows from its number."""
    return tuple(_intent(name, int(name[1:]), now) for name in names)


def _quantity(name: str, number: int) -> Decimal:
    """Shares; no two orders of a minute are the same, as that would be a mistake.

    Those of a purchase are those of its sale in the next round: no lot is left over.
    """
    pair = (number // _ROUND + 1 - number % 2) // 2
    return Decimal(5000 - pair + (50 if name[0] == "W" else 0))


def _side(number: int) -> Side:
    """The odd names are bought first, the even ones sold first."""
    return Side.BUY if (number + number // _ROUND) % 2 else Side.SELL


def _intent(name: str, number: int, now: datetime) -> OrderIntent:
    security, account = number % NAMES, number // NAMES % ACCOUNTS
    quantity = _quantity(name, number)
    part = Allocation(account_id=f"A{account:03d}", quantity=quantity, strategy="model")
    return OrderIntent(
        cl_ord_id=name,
        run_id=RUN,
        venue=VENUE,
        security_id=SECURITIES[security],
        symbol=f"S{security:02d}",
        side=_side(number),
        quantity=quantity,
        ord_type=OrdType.LIMIT,
        limit_price=_PRICE,
        time_in_force=TimeInForce.DAY,
        reference_price=_PRICE,
        trade_date=now.date(),
        decided_at=now,
        allocations=(part,),
    )


def snapshot(now: datetime) -> Snapshot:
    """The book that the orders were decided on."""
    accounts = [f"A{number:03d}" for number in range(ACCOUNTS)]
    prices = {
        plain_book.security(isin, f"S{number:02d}", VENUE): _PRICE
        for number, isin in enumerate(SECURITIES)
    }
    lots = (
        _lot(account, security, number, now)
        for account in accounts
        for security in SECURITIES[::2]  # The even ones are sold first.
        for number in range(LOTS)
    )
    return plain_book.snapshot(now.date(), prices, accounts, lots, Decimal(10) ** 9)


def _lot(account: str, security: str, number: int, now: datetime) -> TaxLot:
    return TaxLot(
        lot_id=f"{account}:{security}:{number}",
        account_id=account,
        security_id=security,
        quantity=Decimal(1_000_000),
        basis=Decimal(100_000_000 + number),
        acquired=now.astimezone(UTC).date() - timedelta(days=100 * (number + 1)),
        source=plain_book.SOURCE,
    )
