"""A desk to load: a hundred names, two hundred accounts with lots and cash, one run, wide limits.

Half of the orders buy and open lots, half sell and relieve lots by HIFO; what one round over all
names and accounts bought the next one sells, so that the book stays as large as it is. Each is a
block of one account, as in the bare pair an order is one message.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from benchmarks import plain_book, plain_run
from domain.identifiers import is_isin
from domain.lots import TaxLot
from domain.orders import Allocation, OrderIntent, Side
from domain.ports import Vault
from domain.snapshot import Snapshot

RUN = UUID("018f0000-0000-7000-8000-0000000000aa")
VENUE = "XSIM"
NAMES, ACCOUNTS, LOTS = 100, 200, 3
_ROUND = NAMES * ACCOUNTS
_PRICE = Decimal("148.00")


def _isin(number: int) -> str:
    """An invented one of the United States, with its check digit."""
    return next(isin for digit in range(10) if is_isin(isin := f"US00000{number:04d}{digit}"))


_SHARES = tuple(
    plain_book.security(_isin(number), f"S{number:02d}", VENUE) for number in range(NAMES)
)
SECURITIES = tuple(share.security_id for share in _SHARES)
LIMITS = plain_run.UNCOUNTED


def open_books(vault: Vault, now: datetime) -> Snapshot:
    """Store the run and its snapshot, and open every account."""
    book = snapshot(now)
    with vault.write() as uow:
        plain_run.begin(uow, plain_run.run(RUN, now, why="a benchmark"), book, now)
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
    share, account = _SHARES[number % NAMES], number // NAMES % ACCOUNTS
    quantity = _quantity(name, number)
    part = Allocation(account_id=f"A{account:03d}", quantity=quantity, strategy="model")
    return plain_run.block(name, RUN, share, _side(number), (part,), price=_PRICE, at=now)


def snapshot(now: datetime) -> Snapshot:
    """The book that the orders were decided on."""
    accounts = [f"A{number:03d}" for number in range(ACCOUNTS)]
    lots = (
        _lot(account, security, number, now)
        for account in accounts
        for security in SECURITIES[::2]  # The even ones are sold first.
        for number in range(LOTS)
    )
    return plain_book.snapshot(
        now.date(), dict.fromkeys(_SHARES, _PRICE), lots, dict.fromkeys(accounts, Decimal(10) ** 9)
    )


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
