"""ListMembership: whether a name, or what it holds or who owns it, is on a list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.facts import About
from domain.orders import Side
from oms.compliance.book import Book, MissingDataError
from oms.compliance.conditions import Condition, Subject, all_hold
from oms.compliance.lists import (
    EVERYBODY,
    KnownList,
    MatchOn,
    blocked_share,
    concerns,
    entries_of,
    leads_to,
)
from oms.compliance.rules import AccountQuestion, Answer, OrderQuestion
from oms.wording import counted, percent

_OF_ORDERS = (MatchOn.COUNTERPARTY, MatchOn.BROKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMembership:
    """No trade of a listed name; or, of an approved list, of no other."""

    list: str
    match_on: tuple[MatchOn, ...]
    must_be_listed: bool = False  # The list says what may be bought.
    look_through_least: Decimal = ZERO  # Constituents below this weight do not count.
    ownership_least: Decimal = Decimal("0.5")
    unless: tuple[tuple[Condition, ...], ...] = ()  # Exemptions: all of one of them must hold.

    def problem(self) -> tuple[str, str] | None:
        if not self.match_on:
            return "match_on", f"at least one of {', '.join(MatchOn)}"
        if not self.list.strip():
            return "list", f"{', '.join(KnownList)}, or the name of a list of the firm's"
        for key in ("look_through_least", "ownership_least"):
            if not 0 <= getattr(self, key) <= 1:
                return key, "a fraction from 0 to 1"
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        book, account_id = question.book, question.account_id
        trades = book.trades_of(account_id)
        asked = {(t.security_id, t.side) for t in trades if self.asks(t.side)}
        if not trades and question.blames(ZERO):
            asked = {(i, Side.BUY) for i in book.held(account_id)}
        if not asked or not self._is_about_names():
            return None
        entries = entries_of(self.list, book, account_id)
        return self._answer(book, entries, tuple(sorted(asked)), Subject(book, account_id))

    def about_order(self, question: OrderQuestion) -> Answer | None:
        """The firm's lists are read again for the block; clients' were read per account."""
        book, intent = question.desk.book, question.intent
        if self.list in (KnownList.DO_NOT_BUY, KnownList.DO_NOT_SELL):
            return None
        entries = entries_of(self.list, book, "")
        account_id = intent.allocations[0].account_id
        subject = Subject(book, account_id, intent.security_id, intent.cl_ord_id)
        asked: tuple[tuple[str, Side], ...] = ()
        if self._is_about_names() and self.asks(intent.side):
            asked = ((intent.security_id, intent.side),)
        if not asked and not set(_OF_ORDERS) & set(self.match_on):
            return None
        return self._answer(book, entries, asked, subject)

    def finds(self, book: Book, security_id: str) -> bool:
        """Whether the list speaks of a security, or nobody can tell; the firm's lists only."""
        try:
            entries = entries_of(self.list, book, EVERYBODY)
            named = self._by_issuer(book, entries) if MatchOn.ISSUER in self.match_on else entries
            ways = (self._way(book, named, security_id, side) for side in Side)
            return any(way is not None for way in ways)
        except MissingDataError:
            return True

    def stops(self, book: Book, account_id: str, security_id: str, side: Side) -> bool:
        """Whether the list stops one side of a security for an account."""
        entries = entries_of(self.list, book, account_id)
        named = self._by_issuer(book, entries) if MatchOn.ISSUER in self.match_on else entries
        return self._way(book, named, security_id, side) is not None

    def asks(self, side: Side) -> bool:
        """Whether trades of this side are asked about."""
        if self.list == KnownList.DO_NOT_BUY or self.must_be_listed:
            return side is Side.BUY
        return self.list != KnownList.DO_NOT_SELL or side is Side.SELL

    def _is_about_names(self) -> bool:
        return any(match not in _OF_ORDERS for match in self.match_on)

    def _answer(
        self,
        book: Book,
        entries: Mapping[str, str],
        asked: tuple[tuple[str, Side], ...],
        subject: Subject,
    ) -> Answer | None:
        found = tuple(self._found(book, entries, asked, subject))
        names = tuple(dict.fromkeys(security_id for security_id, _ in asked))
        excused = bool(found) and any(all_hold(way, subject) for way in self.unless)
        if found:
            words = "; ".join(words for _, words in found)
            if excused:
                words += "; an exemption is claimed and its conditions hold"
            return Answer(
                verdict=Verdict.PASS if excused else Verdict.BREACH,
                sentence=words,
                security_ids=tuple(dict.fromkeys(i for i, _ in found if i)),
            )
        said = ", ".join(book.symbol(security_id) for security_id in names) or "the parties"
        size = f"has {counted(len(entries), 'name')}" if entries else "is empty"
        is_on = "all of" if self.must_be_listed else "none of"
        return Answer(
            verdict=Verdict.PASS,
            sentence=f"{is_on} {said} is on the list, which {size}",
            security_ids=names,
        )

    def _found(
        self,
        book: Book,
        entries: Mapping[str, str],
        asked: tuple[tuple[str, Side], ...],
        subject: Subject,
    ) -> Iterator[tuple[str, str]]:
        """What stands against the trade, with the security and the words."""
        named = self._by_issuer(book, entries) if MatchOn.ISSUER in self.match_on else entries
        for security_id, side in asked:
            way = self._way(book, named, security_id, side)
            if self.must_be_listed:
                if way is None:
                    yield security_id, f"{book.symbol(security_id)} is not on the list {self.list}"
            elif way is not None:
                yield security_id, way
        for match in _OF_ORDERS:
            if match in self.match_on and subject.order_id:
                name = book.text(About.ORDER, subject.order_id, match.value)
                if name in entries:
                    yield subject.security_id, f"{match} {name} is {entries[name]}"

    def _way(
        self, book: Book, named: Mapping[str, str], security_id: str, side: Side
    ) -> str | None:
        """How the security leads to an entry; None when it does not."""
        for name, way in leads_to(book, security_id, self.match_on, self.look_through_least):
            if name in named and concerns(named[name], side):
                reason = named[name]
                return f"{way}{reason}" if way else f"{book.symbol(security_id)} is {reason}"
        if MatchOn.OWNER in self.match_on:
            issuer = book.security(security_id).issuer
            share = blocked_share(book, issuer, named, self.ownership_least)
            if share >= self.ownership_least:
                return f"{issuer} is owned {percent(share)} by persons on the list {self.list}"
        return None

    def _by_issuer(self, book: Book, entries: Mapping[str, str]) -> dict[str, str]:
        """The entries, and the issuers of which one is listed.

        The firm's and clients' lists name securities: one that the master does not know
        restricts nobody knows what, so it raises `MissingDataError`.
        """
        named = dict(entries)
        for name in sorted(entries):
            if name in book.securities() or self.list in tuple(KnownList):
                words = f"whose {book.symbol(name)} is {entries[name]}"
                named.setdefault(book.security(name).issuer, words)
        return named
