"""ListMembership: whether a name, or its issuer, is on a list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.compliance import Verdict
from domain.orders import Side
from oms.compliance.book import Book
from oms.compliance.rules import AccountQuestion, Answer, OrderQuestion
from oms.wording import counted


class NameList(StrEnum):
    """Which list is read."""

    RESTRICTED = "restricted"  # The firm's, in force on the day.
    DO_NOT_BUY = "do_not_buy"  # The client's, from the mandate.
    DO_NOT_SELL = "do_not_sell"


class MatchOn(StrEnum):
    """What makes a trade match an entry."""

    SECURITY = "security"
    ISSUER = "issuer"  # Every security of an issuer of which one is listed.


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMembership:
    """No trade of a listed name."""

    list: NameList
    match_on: tuple[MatchOn, ...]

    def problem(self) -> tuple[str, str] | None:
        if not self.match_on:
            return "match_on", 'at least one of "security", "issuer"'
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        book, account_id = question.book, question.account_id
        entries = self._entries(book, account_id)
        traded = {(t.security_id, t.side) for t in book.trades_of(account_id)}
        asked = sorted(i for i, side in traded if self._concerns(side))
        return self._answer(book, entries, tuple(dict.fromkeys(asked)))

    def about_order(self, question: OrderQuestion) -> Answer | None:
        """The firm's list is read again for the block; clients' lists were read per account."""
        book, security_id = question.desk.book, question.intent.security_id
        if self.list is not NameList.RESTRICTED:
            return None
        return self._answer(book, self._entries(book, ""), (security_id,))

    def _concerns(self, side: Side) -> bool:
        if self.list is NameList.DO_NOT_BUY:
            return side is Side.BUY
        return self.list is NameList.RESTRICTED or side is Side.SELL

    def _entries(self, book: Book, account_id: str) -> Mapping[str, str]:
        """Listed security ids with the reason of each."""
        if self.list is NameList.RESTRICTED:
            return {
                r.security_id: f"restricted since {r.effective_from} ({r.source}): {r.reason}"
                for r in book.snapshot.restrictions
                if r.effective_from <= book.today
            }
        mandate = book.mandate(account_id)
        names = mandate.do_not_buy if self.list is NameList.DO_NOT_BUY else mandate.do_not_sell
        words = f"on the {self.list.replace('_', '-')} list of mandate {mandate.mandate_id}"
        return dict.fromkeys(names, f"{words} ({mandate.source})")

    def _answer(
        self, book: Book, entries: Mapping[str, str], asked: tuple[str, ...]
    ) -> Answer | None:
        if not asked:
            return None
        matches = tuple(self._matches(book, entries, asked))
        if matches:
            return Answer(
                verdict=Verdict.BREACH,
                sentence="; ".join(words for _, words in matches),
                security_ids=tuple(security_id for security_id, _ in matches),
            )
        names = ", ".join(book.symbol(security_id) for security_id in asked)
        size = f"has {counted(len(entries), 'name')}" if entries else "is empty"
        return Answer(
            verdict=Verdict.PASS,
            sentence=f"none of {names} is on the list, which {size}",
            security_ids=asked,
        )

    def _matches(
        self, book: Book, entries: Mapping[str, str], asked: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        listed_issuers = (
            {book.security(i).issuer: i for i in sorted(entries)}
            if MatchOn.ISSUER in self.match_on
            else {}
        )
        for security_id in asked:
            symbol = book.symbol(security_id)
            if MatchOn.SECURITY in self.match_on and security_id in entries:
                yield security_id, f"{symbol} is {entries[security_id]}"
            elif listed_issuers and book.security(security_id).issuer in listed_issuers:
                issuer = book.security(security_id).issuer
                other = listed_issuers[issuer]
                yield (
                    security_id,
                    f"{symbol} is of {issuer}, whose {book.symbol(other)} is {entries[other]}",
                )
