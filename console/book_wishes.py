"""Wishes about the books that take two persons: unknown orders, splits, and adjustments."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from console.agreeing import how_to_agree
from console.service_port import AccountPart, AdjustmentWish, SplitWish, Telling
from console.views import find_run
from domain.errors import BadInputError, UnknownNameError
from domain.exact import plain
from domain.ports import Clock, UnitOfWork, Vault
from domain.splits import LARGEST, Split
from ledger.adjustments import Adjustment
from oms import adjustments, adoption, splits

_RECENT_RUNS = 1000


class BookWishes:
    """What two persons may do to the books, over the vault."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._books_vault, self._books_clock = vault, clock

    def propose_adoption(
        self, order: str, parts: Sequence[AccountPart], run: str, by: str, why: str
    ) -> Telling:
        """Say whose an order is that a venue has and we did not send."""
        accounts: dict[str, Decimal] = {}
        for part in parts:
            if part.account_id in accounts:
                raise BadInputError(f"account {part.account_id} is named twice; say each once")
            accounts[part.account_id] = part.quantity
        with self._books_vault.write() as uow:
            found = find_run(uow.runs.recent(_RECENT_RUNS), run)
            now = self._books_clock.now()
            said = adoption.propose(uow, order, accounts, found, why=why, by=by, at=now)
        shares = ", ".join(f"{plain(quantity)} for {name}" for name, quantity in accounts.items())
        terms = (
            f"{said.intent.side.name.lower()} {plain(said.intent.quantity)} {said.intent.symbol}"
        )
        return Telling(
            subject=order,
            lines=(
                f"{by} says that {order}, {terms}, is ours: {shares}: {why}",
                how_to_agree(f"adopt {order}"),
            ),
            facts=said,
        )

    def agree_adoption(self, order: str, by: str) -> Telling:
        """The second person agrees: the order is ours, with all that it did."""
        with self._books_vault.write() as uow:
            adopted, alarms = adoption.second(uow, order, by=by, at=self._books_clock.now())
        name = adopted.intent.cl_ord_id
        line = (
            f"{order} is order {name} now, {plain(adopted.cum_qty)} of "
            f"{plain(adopted.order_qty)} done; see trimtab order {name}"
        )
        return Telling(subject=name, lines=(line, *(alarm.message for alarm in alarms)))

    def propose_split(self, wish: SplitWish, by: str, why: str) -> Telling:
        """Say that a security was split."""
        new, old, symbol, day = wish.new, wish.old, wish.symbol, wish.day
        if not (0 < new <= LARGEST and 0 < old <= LARGEST) or new == old:
            raise BadInputError(
                f"{new}:{old} is no split; say NEW:OLD in two different numbers of 1 to {LARGEST}"
            )
        with self._books_vault.write() as uow:
            split = Split(security_id=_security_id(uow, symbol, day), day=day, new=new, old=old)
            now = self._books_clock.now()
            posted = splits.propose(uow, split, symbol, why=why, by=by, at=now)
        return Telling(
            subject=symbol,
            lines=(
                f"{by} says: {splits.in_words(split, symbol, posted)}: {why}",
                how_to_agree(f"split {symbol} --on {day}"),
            ),
            facts=split,
        )

    def agree_split(self, symbol: str, day: date, by: str) -> Telling:
        """The second person agrees: every account's shares and lots are split."""
        with self._books_vault.write() as uow:
            said, posted = splits.second(uow, symbol, day, by=by, at=self._books_clock.now())
        words = splits.in_words(said.split, symbol, posted)
        return Telling(subject=symbol, lines=(f"booked: {words}",), facts=said.split)

    def propose_adjustment(self, wish: AdjustmentWish, by: str, why: str) -> Telling:
        """Say what the books of an account lack."""
        account_id, symbol = wish.account_id, wish.symbol
        with self._books_vault.write() as uow:
            now = self._books_clock.now()
            day = wish.day or now.date()
            wanted = Adjustment(
                account_id=account_id,
                day=day,
                cash=wish.cash,
                security_id=None if symbol is None else _security_id(uow, symbol, day),
                symbol=symbol,
                shares=wish.shares,
                cost=wish.cost,
                acquired=wish.acquired,
                lot_id=wish.lot_id,
            )
            said, posted = adjustments.propose(uow, wanted, why=why, by=by, at=now)
        return Telling(
            subject=account_id,
            lines=(
                f"{by} says: {adjustments.in_words(wanted, posted)}: {why}",
                how_to_agree(f"adjust {account_id}", f"--agree {said.number}"),
            ),
            facts=said,
        )

    def agree_adjustment(self, account_id: str, number: int, by: str) -> Telling:
        """The second person agrees: it is in the books."""
        with self._books_vault.write() as uow:
            now = self._books_clock.now()
            said, posted = adjustments.second(uow, account_id, number, by=by, at=now)
        words = adjustments.in_words(said.adjustment, posted)
        return Telling(subject=account_id, lines=(f"booked: {words}",), facts=said)


def _security_id(uow: UnitOfWork, symbol: str, day: date) -> str:
    securities = uow.snapshots.market(day).securities
    found = next((one for one in securities if one.symbol == symbol), None)
    if found is None:
        raise UnknownNameError(
            f"the security master has no {symbol}; correct it, or ingest a securities.csv with it"
        )
    return found.security_id
