"""Scenes: a small book in words, one fact a line, read into the values that rules are asked of.

    ALFA costs 10, issuer Alfa Corp, sector Energy, kind partnership, outstanding 1000
    A1 is a us_fund
    A1: borrowings 50, option_10 yes
    issuer Alfa Corp: securities_revenue_share 0.8
    A1 has 1000 cash
    A1 holds 100 ALFA for 1200 since 2026-01-05
    A1 buys 10 ALFA
    order O1 buys 500 ALFA at 10.10 for A1 300, A2 200
    O1: capacity principal

`LINES` has the whole language; the words of facts are those of `domain.fact_words`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from domain.accounts import Account, CashFlow, LotMethod, Mandate, TaxStatus, WeightBand
from domain.errors import BadInputError
from domain.exact import ZERO, parse_decimal
from domain.fact_words import (
    BY_SECURITY,
    NAMES_SECURITY,
    VOCABULARY,
    Kind,
    read_value,
    word_of,
)
from domain.facts import About, Fact
from domain.identifiers import is_cusip, is_isin
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.orders import Allocation, Order, OrderIntent, OrdStatus, OrdType, Side, TimeInForce
from domain.recommendations import Recommendation
from domain.snapshot import CashBalance, PastTrade, Restriction, Snapshot
from domain.sources import Source
from oms.compliance.account_types import AccountType
from oms.compliance.nearest import nearest

EXAMPLE_DAY = date(2026, 3, 31)
ONE = Decimal(1)
_MOVES = {"buys": Side.BUY, "sells": Side.SELL, "bought": Side.BUY, "sold": Side.SELL}
_MASTER = frozenset({"issuer", "sector", "industry", "country", "volume", "priced"})


class ExampleError(BadInputError):
    """A line of an example that cannot be read, by its number in the example."""

    def __init__(self, line: int, words: str, reason: str) -> None:
        super().__init__(f"line {line}, {words!r}: {reason}")
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What an example's lines describe."""

    snapshot: Snapshot
    recommendations: tuple[Recommendation, ...]
    intents: tuple[OrderIntent, ...]
    earlier: tuple[Order, ...]
    at: datetime


def isin_of(symbol: str) -> str:
    """The example language's own identifier of a symbol, with right check digits."""
    body = symbol.rjust(8, "0")
    cusip = next(body + digit for digit in "0123456789" if is_cusip(body + digit))
    return next(f"US{cusip}{digit}" for digit in "0123456789" if is_isin(f"US{cusip}{digit}"))


def read_scene(text: str) -> Scene:
    """The book, trades and orders that the lines describe. Raises `ExampleError`."""
    scene = _Scene()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip()
        if words:
            scene.read(number, words)
    return scene.scene()


def _pair(part: str) -> tuple[str, str]:
    name, blank, value = part.strip().partition(" ")
    if not blank:
        raise ValueError(f"{name!r} has no value")
    return name, value


def _number(text: str) -> Decimal:
    return parse_decimal(text.replace(",", ""))


class _Scene:
    """Collects the facts; every method reads one kind of line."""

    def __init__(self) -> None:
        self.day = EXAMPLE_DAY
        self.securities: dict[str, Security] = {}
        self.prices: dict[str, Price] = {}
        self.accounts: dict[str, Account] = {}
        self.mandates: dict[str, Mandate] = {}
        self.cash: dict[str, CashBalance] = {}
        self.lots: list[TaxLot] = []
        self.flows: list[CashFlow] = []
        self.past: list[PastTrade] = []
        self.restrictions: list[Restriction] = []
        self.moves: list[tuple[str, str, Side, Decimal]] = []
        self.intents: list[OrderIntent] = []
        self.earlier: list[Order] = []
        self.facts: list[Fact] = []
        self.order_ids: set[str] = set()
        self.line = Source("example", 0, "")

    def read(self, number: int, words: str) -> None:
        self.line = Source("example", number, "")
        for pattern, method in self.LINES.items():
            match = re.fullmatch(pattern, words)
            if match:
                try:
                    method(self, match)
                except (ValueError, KeyError) as error:
                    raise ExampleError(number, words, str(error)) from error
                return
        raise ExampleError(number, words, "not a line of the example language")

    def scene(self) -> Scene:
        at = datetime.combine(self.day, time(20, 45), UTC)
        snapshot = Snapshot(
            as_of=self.day,
            securities=tuple(self.securities.values()),
            prices=tuple(self.prices.values()),
            history=PriceHistory(security_ids=(), days=(), closes=()),
            models=(),
            mandates=tuple(self.mandates.values()),
            accounts=tuple(self.accounts.values()),
            lots=tuple(self.lots),
            cash=tuple(self.cash.values()),
            flows=tuple(self.flows),
            past_trades=tuple(self.past),
            restrictions=tuple(self.restrictions),
            findings=(),
            facts=tuple(self.facts),
        )
        return Scene(
            snapshot=snapshot,
            recommendations=tuple(self._recommendation(*move) for move in self.moves),
            intents=tuple(self.intents),
            earlier=tuple(self.earlier),
            at=at,
        )

    def _today(self, m: re.Match[str]) -> None:
        self.day = date.fromisoformat(m["day"])

    def _costs(self, m: re.Match[str]) -> None:
        given = dict(_pair(part) for part in m["rest"].split(",") if part.strip())
        facts = {name: given.pop(name) for name in [*given] if word_of(About.SECURITY, name)}
        unknown = given.keys() - _MASTER
        if unknown:
            known = (*_MASTER, *VOCABULARY[About.SECURITY])
            raise ValueError(
                f"a security has no {min(unknown)!r} here{nearest(min(unknown), known)}"
            )
        for name, value in facts.items():
            self._fact(About.SECURITY, isin_of(m["symbol"]), name, "", value)
        symbol, security_id = m["symbol"], isin_of(m["symbol"])
        self.securities[symbol] = Security(
            security_id=security_id,
            symbol=symbol,
            cusip=security_id[2:11],
            name=symbol,
            issuer=given.get("issuer", symbol),
            sector=given.get("sector", symbol),
            industry=given.get("industry", symbol),
            country=given.get("country", "US"),
            currency="USD",
            venue="XSIM",
            lot_size=1,
            tick=Decimal("0.01"),
            half_spread=ZERO,
            average_daily_volume=int(given.get("volume", "1000000")),
            source=self.line,
        )
        self.prices[symbol] = Price(
            security_id=security_id,
            day=date.fromisoformat(given.get("priced", self.day.isoformat())),
            close=_number(m["price"]),
            source=self.line,
        )

    def _unpriced(self, m: re.Match[str]) -> None:
        del self.prices[m["symbol"]]

    def _restricted(self, m: re.Match[str]) -> None:
        self.restrictions.append(
            Restriction(
                security_id=self.securities[m["symbol"]].security_id,
                reason="example",
                effective_from=date.fromisoformat(m["day"] or self.day.isoformat()),
                source=self.line,
            )
        )

    def _fact(self, about: About, subject: str, name: str, of: str, value: str) -> None:
        word = word_of(about, name)
        if word is None:
            raise ValueError(f"{about} has no fact {name!r}{nearest(name, VOCABULARY[about])}")
        if name in NAMES_SECURITY:
            value = isin_of(value)
        if name in BY_SECURITY and re.fullmatch(r"[A-Z]{2,8}", of):
            of = isin_of(of)
        value = value.replace("_", "") if word.kind is Kind.NUMBER else value
        read_value(word, value)
        self.facts.append(
            Fact(about=about, subject=subject, name=name, of=of, value=value, source=self.line)
        )

    def _facts(self, m: re.Match[str]) -> None:
        """`A1: borrowings 50, collateral of Bank X 12`; the subject's form says what it is."""
        for about, key in self._subject(m["subject"]):
            for part in m["rest"].split(", "):
                name, value = _pair(part)
                of = ""
                if value.startswith("of "):
                    of, _, value = value.removeprefix("of ").rpartition(" ")
                self._fact(about, key, name, of, value)

    def _subject(self, text: str) -> Iterator[tuple[About, str]]:
        first, _, rest = text.partition(" ")
        if rest or first == "firm":
            yield About(first), rest
        elif text in self.order_ids:
            yield About.ORDER, text
        elif re.fullmatch(self._A, text):
            yield About.ACCOUNT, self._account(text)
        elif text in self.securities:
            yield About.SECURITY, self.securities[text].security_id
        else:
            raise ValueError(f"{text} has no line of its own before this one")

    def _account(self, account_id: str) -> str:
        if account_id not in self.accounts:
            self.accounts[account_id] = Account(
                account_id=account_id,
                household_id=account_id,
                name=account_id,
                custodian="example",
                tax_status=TaxStatus.TAXABLE,
                model_id="example",
                mandate_id=account_id,
                source=self.line,
            )
            self.mandates[account_id] = _open_mandate(account_id, self.line)
            self.cash[account_id] = CashBalance(account_id=account_id, amount=ZERO, source=None)
        return account_id

    def _is_a(self, m: re.Match[str]) -> None:
        account_id = self._account(m["account"])
        for name in m["types"].split(", "):
            if name not in tuple(AccountType):
                raise ValueError(f"{name!r} is no account type{nearest(name, tuple(AccountType))}")
            self._fact(About.ACCOUNT, account_id, "type", name, "yes")

    def _is(self, m: re.Match[str]) -> None:
        account_id = self._account(m["account"])
        self.accounts[account_id] = replace(
            self.accounts[account_id],
            tax_status=TaxStatus(m["status"]),
            household_id=m["household"] or account_id,
        )

    def _has_cash(self, m: re.Match[str]) -> None:
        account_id = self._account(m["account"])
        self.cash[account_id] = CashBalance(
            account_id=account_id, amount=_number(m["amount"]), source=None
        )

    def _unknown_cash(self, m: re.Match[str]) -> None:
        del self.cash[self._account(m["account"])]

    def _withdraws(self, m: re.Match[str]) -> None:
        self.flows.append(
            CashFlow(
                account_id=self._account(m["account"]),
                amount=-_number(m["amount"]),
                due=self.day,
                why="example",
                source=self.line,
            )
        )

    def _holds(self, m: re.Match[str]) -> None:
        quantity = _number(m["quantity"])
        price = self.prices[m["symbol"]].close
        self.lots.append(
            TaxLot(
                lot_id=f"lot-{len(self.lots) + 1}",
                account_id=self._account(m["account"]),
                security_id=self.securities[m["symbol"]].security_id,
                quantity=quantity,
                basis=_number(m["basis"]) if m["basis"] else quantity * price,
                acquired=date.fromisoformat(m["day"] or "2020-01-02"),
                source=self.line,
            )
        )

    def _traded(self, m: re.Match[str]) -> None:
        side = _MOVES[m["verb"]]
        result = _number(m["amount"]) if m["amount"] else ZERO
        gain = -result if m["result"] == "losing" else result
        self.past.append(
            PastTrade(
                account_id=self._account(m["account"]),
                security_id=self.securities[m["symbol"]].security_id,
                side=side,
                quantity=_number(m["quantity"]),
                day=date.fromisoformat(m["day"]),
                gain=gain if side is Side.SELL else None,
                source=self.line,
            )
        )

    def _moves(self, m: re.Match[str]) -> None:
        account_id = self._account(m["account"])
        if m["symbol"] not in self.securities:
            raise ValueError(f"{m['symbol']} has no line that says what it costs")
        self.moves.append((account_id, m["symbol"], _MOVES[m["verb"]], _number(m["quantity"])))

    def _mandate(self, m: re.Match[str], **changes: object) -> None:
        account_id = self._account(m["account"])
        self.mandates[account_id] = replace(self.mandates[account_id], **changes)  # type: ignore[arg-type]  # one field each, set below

    def _name_maximum(self, m: re.Match[str]) -> None:
        self._mandate(m, name_maximum=_number(m["percent"]) / 100)

    def _cash_minimum(self, m: re.Match[str]) -> None:
        minimum = _number(m["percent"]) / 100
        self._mandate(m, cash=WeightBand(name="cash", minimum=minimum, maximum=ONE))

    def _smallest_trade(self, m: re.Match[str]) -> None:
        self._mandate(m, minimum_trade=_number(m["amount"]))

    def _sector_limit(self, m: re.Match[str]) -> None:
        band = WeightBand(name=m["sector"], minimum=ZERO, maximum=_number(m["percent"]) / 100)
        self._mandate(m, sector_limits={m["sector"]: band})

    def _may_not(self, m: re.Match[str]) -> None:
        names = (self.securities[m["symbol"]].security_id,)
        if m["verb"] == "buy":
            self._mandate(m, do_not_buy=names)
        else:
            self._mandate(m, do_not_sell=names)

    def _order(self, m: re.Match[str]) -> None:
        """One block; with "30 s earlier" in front it was decided then, and stands."""
        price = None if m["price"] == "market" else _number(m["price"])
        known = self.prices.get(m["symbol"])
        decided = datetime.combine(self.day, time(20, 45), UTC)
        allocations = self._allocations(m)
        intent = OrderIntent(
            cl_ord_id=m["id"],
            run_id=UUID(int=0),
            venue=m["venue"] or "XSIM",
            security_id=self.securities[m["symbol"]].security_id,
            symbol=m["symbol"],
            side=_MOVES[m["verb"]],
            quantity=_number(m["quantity"]),
            ord_type=OrdType.MARKET if price is None else OrdType.LIMIT,
            limit_price=price,
            time_in_force=TimeInForce.DAY,
            reference_price=ONE if known is None else known.close,
            trade_date=self.day,
            decided_at=decided - timedelta(seconds=int(m["seconds"] or 0)),
            allocations=allocations,
        )
        self.order_ids.add(m["id"])
        if m["seconds"] is None:
            self.intents.append(intent)
        else:
            self.earlier.append(_standing(intent))

    def _allocations(self, m: re.Match[str]) -> tuple[Allocation, ...]:
        """`for A1`, or `for A1 600, A2 400`, which must add up to the order."""
        parts = [part.split(" ") for part in m["accounts"].split(", ")]
        if len(parts) == 1 and len(parts[0]) == 1:
            parts = [[parts[0][0], m["quantity"]]]
        if any(len(part) != 2 for part in parts):
            raise ValueError("say how many shares each account gets: for A1 600, A2 400")
        if sum(_number(quantity) for _, quantity in parts) != _number(m["quantity"]):
            raise ValueError("the accounts' shares do not add up to the order")
        return tuple(
            Allocation(account_id=self._account(account), quantity=_number(quantity))
            for account, quantity in parts
        )

    def _recommendation(
        self, account_id: str, symbol: str, side: Side, quantity: Decimal
    ) -> Recommendation:
        known = self.prices.get(symbol)
        price = ONE if known is None else known.close
        return Recommendation(
            account_id=account_id,
            security_id=self.securities[symbol].security_id,
            symbol=symbol,
            side=side,
            quantity=quantity,
            reference_price=price,
            notional=quantity * price,
            lot_ids=(),
            expected_cost=ZERO,
            expected_tax=ZERO,
            terms=(),
            reason="example",
        )

    _A = r"(?P<account>[A-Z][0-9]+)"
    _S = r"(?P<symbol>[A-Z]{2,8})"
    _Q = r"(?P<quantity>[0-9][0-9,]*(\.[0-9]+)?)"
    _DAY = r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    _PERCENT = r"(?P<percent>[0-9.]+) %"
    LINES: ClassVar[Mapping[str, Callable[["_Scene", re.Match[str]], None]]] = {
        rf"today is {_DAY}": _today,
        rf"{_S} costs (?P<price>[0-9.,]*[0-9])(?P<rest>(, .+)?)": _costs,
        rf"{_S} has no price": _unpriced,
        rf"{_S} is restricted( from {_DAY})?": _restricted,
        rf"{_A} is (?P<status>taxable|deferred|exempt)( in (?P<household>H[0-9]+))?": _is,
        rf"{_A} is an? (?P<types>[a-z_]+(, [a-z_]+)*)": _is_a,
        rf"{_A} has (?P<amount>-?[0-9.,]+) cash": _has_cash,
        rf"{_A} has no cash balance": _unknown_cash,
        rf"{_A} withdraws (?P<amount>[0-9.,]+)": _withdraws,
        rf"{_A} holds {_Q} {_S}( for (?P<basis>[0-9.,]+))?( since {_DAY})?": _holds,
        rf"{_A} (?P<verb>bought|sold) {_Q} {_S} on {_DAY}"
        r"( (?P<result>losing|gaining) (?P<amount>[0-9.,]+))?": _traded,
        rf"{_A} (?P<verb>buys|sells) {_Q} {_S}": _moves,
        rf"{_A} may hold {_PERCENT} of one name": _name_maximum,
        rf"{_A} keeps {_PERCENT} cash": _cash_minimum,
        rf"{_A} trades at least (?P<amount>[0-9.,]+)": _smallest_trade,
        rf"{_A} may hold {_PERCENT} in (?P<sector>\S+)": _sector_limit,
        rf"{_A} may not (?P<verb>buy|sell) {_S}": _may_not,
        rf"((?P<seconds>[0-9]+) s earlier )?order (?P<id>\S+) (?P<verb>buys|sells) {_Q} {_S}"
        r" at (?P<price>market|[0-9.]+) for (?P<accounts>[A-Z][0-9]+.*?)"
        r"( on (?P<venue>X[A-Z]+))?": _order,
        r"(?P<subject>[A-Z0-9]+|firm|(issuer|counterparty|switch|list|security) .+?):"
        r" (?P<rest>[a-z_0-9]+ .+)": _facts,
    }


def _open_mandate(mandate_id: str, source: Source) -> Mandate:
    """A mandate that limits nothing."""
    return Mandate(
        mandate_id=mandate_id,
        lot_method=LotMethod.FIFO,
        cash=WeightBand(name="cash", minimum=ZERO, maximum=ONE),
        sector_band=ONE,
        name_maximum=ONE,
        turnover_maximum=ONE,
        risk_aversion=ONE,
        short_term_rate=ZERO,
        long_term_rate=ZERO,
        minimum_trade=ZERO,
        drift_absolute=ONE,
        drift_relative=ONE,
        source=source,
    )


def _standing(intent: OrderIntent) -> Order:
    """An order that its venue has acknowledged."""
    return Order(
        intent=intent,
        status=OrdStatus.NEW,
        current=intent.cl_ord_id,
        chain=(intent.cl_ord_id,),
        order_qty=intent.quantity,
        limit_price=intent.limit_price,
        leaves_qty=intent.quantity,
        sent=True,
    )
