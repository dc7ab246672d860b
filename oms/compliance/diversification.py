"""Diversification: a basket of small issuers, the largest few, or the sum of the large ones.

Good basket (ICA 5(b)(1), IRC 851(b)(3)(A)): an issuer that is too large, or of which
too many votes are held, falls outside with its whole position. Ladder (Treas. Reg.
1.817-5(b)): the largest 1, 2, 3, ... issuers. Sum of large (UCITS art. 52(2)): issuers
above a weight, each with its whole position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate

from domain.compliance import Verdict
from domain.exact import ZERO
from oms.compliance.bases import BASE_WORDS, base_of
from oms.compliance.conditions import Condition
from oms.compliance.groups import GroupBy, votes_held, votes_outstanding
from oms.compliance.rules import AccountQuestion, Answer, fraction_of
from oms.compliance.sums import GroupSum, group_sums
from oms.wording import dollars, percent


class Mode(StrEnum):
    """What is asked of the issuers."""

    GOOD_BASKET = "good_basket"
    LADDER = "ladder"
    SUM_OF_LARGE = "sum_of_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    """One issuer before and after the trades."""

    name: str
    before: Decimal
    after: Decimal
    votes_before: Decimal  # Share of its votes.
    votes_after: Decimal
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """What is summed, before and after, against a limit; all in dollars."""

    names: tuple[str, ...]
    before: Decimal
    after: Decimal
    limit: Decimal
    base: Decimal

    @property
    def excess(self) -> Decimal:
        return self.after - self.limit * max(self.base, ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversification:
    """The sum, after the trades, of what the mode adds up <= its limit x base."""

    mode: Mode
    group_by: GroupBy = GroupBy.ISSUER
    exclude: tuple[Condition, ...] = ()  # Always good; never counted.
    issuer_weight: Decimal | None = None  # Good basket: the largest issuer inside ...
    issuer_votes: Decimal | None = None  # ... and the most of its votes.
    outside_maximum: Decimal | None = None  # Say one: what may lie outside ...
    basket_minimum: Decimal | None = None  # ... or what must lie inside.
    ladder: tuple[Decimal, ...] = ()  # Limits of the largest 1, 2, 3, ...
    large_over: Decimal | None = None  # Sum of large: an issuer above this is large.
    maximum: Decimal | None = None

    def problem(self) -> tuple[str, str] | None:
        fractions = {
            "issuer_weight": self.issuer_weight,
            "issuer_votes": self.issuer_votes,
            "outside_maximum": self.outside_maximum,
            "basket_minimum": self.basket_minimum,
            "large_over": self.large_over,
            "maximum": self.maximum,
            "ladder": max(self.ladder, default=None),
        }
        for name, value in fractions.items():
            if value is not None and not 0 < value <= 1:
                return name, "a fraction above 0 and at most 1"
        return {
            Mode.GOOD_BASKET: self._basket_problem,
            Mode.LADDER: self._ladder_problem,
            Mode.SUM_OF_LARGE: self._large_problem,
        }[self.mode]()

    def _basket_problem(self) -> tuple[str, str] | None:
        if self.issuer_weight is None:
            return "issuer_weight", "the largest issuer that stays in the basket"
        if (self.outside_maximum is None) == (self.basket_minimum is None):
            return "outside_maximum", "give either outside_maximum or basket_minimum"
        return None

    def _ladder_problem(self) -> tuple[str, str] | None:
        if not self.ladder or list(self.ladder) != sorted(self.ladder):
            return "ladder", "rising limits of the largest 1, 2, 3, ..."
        return None

    def _large_problem(self) -> tuple[str, str] | None:
        if self.large_over is None or self.maximum is None:
            return "maximum", "give both large_over and maximum"
        return None

    def about_account(self, question: AccountQuestion) -> Answer | None:
        base = base_of(question.rule.base, question.book, question.account_id)
        bare = question.book.with_trades(())
        was = base_of(question.rule.base, bare, question.account_id)
        issuers = self._issuers(question)
        if self.mode is Mode.LADDER:
            sums = self._steps(issuers, base)
        elif self.mode is Mode.GOOD_BASKET:
            sums = (self._outside(issuers, was, base),)
        else:
            sums = (self._large(issuers, was, base),)
        return self._answer(question, issuers, sums)

    def _issuers(self, question: AccountQuestion) -> tuple[_Issuer, ...]:
        found = group_sums(question, self.group_by, (), self.exclude)
        has_votes = self.issuer_votes is not None
        look = question.rule.look_through
        key = ("issuers", question.account_id, look, self.group_by, self.exclude, has_votes)
        known: tuple[_Issuer, ...] | None = question.book.kept.get(key)
        if known is None:
            known = tuple(self._issuer(question, sums) for sums in found)
            question.book.kept[key] = known
        return known

    def _issuer(self, question: AccountQuestion, sums: GroupSum) -> _Issuer:
        votes_before = votes_after = ZERO
        if self.issuer_votes is not None:
            before, after = votes_held(question.book, question.account_id, sums.name)
            if before or after:
                outstanding = votes_outstanding(question.book, sums.name)
                votes_before, votes_after = before / outstanding, after / outstanding
        return _Issuer(
            name=sums.name,
            before=sums.before,
            after=sums.after,
            votes_before=votes_before,
            votes_after=votes_after,
            held=sums.held_ids,
        )

    def _outside(self, issuers: Sequence[_Issuer], was: Decimal, base: Decimal) -> _Sum:
        weight, votes = self.issuer_weight, self.issuer_votes
        assert weight is not None

        def is_large(value: Decimal, of: Decimal, share: Decimal) -> bool:
            return value > weight * max(of, ZERO) or (votes is not None and share > votes)

        outside = [i for i in issuers if is_large(i.after, base, i.votes_after)]
        before = [i.before for i in issuers if is_large(i.before, was, i.votes_before)]
        limit = self.outside_maximum
        if limit is None:
            assert self.basket_minimum is not None
            limit = 1 - self.basket_minimum
        return _Sum(
            names=tuple(issuer.name for issuer in outside),
            before=sum(before, ZERO),
            after=sum((issuer.after for issuer in outside), ZERO),
            limit=limit,
            base=base,
        )

    def _large(self, issuers: Sequence[_Issuer], was: Decimal, base: Decimal) -> _Sum:
        over, maximum = self.large_over, self.maximum
        assert over is not None
        assert maximum is not None
        large = [issuer for issuer in issuers if issuer.after > over * max(base, ZERO)]
        before = [i.before for i in issuers if i.before > over * max(was, ZERO)]
        return _Sum(
            names=tuple(issuer.name for issuer in large),
            before=sum(before, ZERO),
            after=sum((issuer.after for issuer in large), ZERO),
            limit=maximum,
            base=base,
        )

    def _steps(self, issuers: Sequence[_Issuer], base: Decimal) -> tuple[_Sum, ...]:
        after = sorted(issuers, key=lambda i: (-i.after, i.name))[: len(self.ladder)]
        padded = [*(i.after for i in after), *[ZERO] * (len(self.ladder) - len(after))]
        before = sorted((i.before for i in issuers), reverse=True)[: len(self.ladder)]
        before += [ZERO] * (len(self.ladder) - len(before))
        names = tuple(issuer.name for issuer in after)
        steps = zip(accumulate(before), accumulate(padded), self.ladder, strict=True)
        return tuple(
            _Sum(names=names[: k + 1], before=was, after=now, limit=limit, base=base)
            for k, (was, now, limit) in enumerate(steps)
        )

    def _answer(
        self, question: AccountQuestion, issuers: Sequence[_Issuer], sums: Sequence[_Sum]
    ) -> Answer:
        breaches = [s for s in sums if s.excess > 0 and question.blames(s.after - s.before)]
        worst = max(breaches or sums, key=lambda s: s.excess)
        held = [i for issuer in issuers if issuer.name in worst.names for i in issuer.held]
        value, limit, numerator = worst.after, worst.limit, worst.after
        if self.basket_minimum is not None:
            value = numerator = worst.base - worst.after
            limit = self.basket_minimum
        base_words = BASE_WORDS[question.rule.base]
        words = f"{self._words(worst)}, {percent(fraction_of(value, worst.base))} of {base_words}"
        words += f"; {'at least' if self.basket_minimum else 'at most'} {percent(limit)}"
        if len(breaches) > 1:
            failing = [len(found.names) for found in breaches]
            words += f"; the largest {', '.join(map(str, failing))} are all too much"
        if worst.excess > 0 and not breaches:
            words += f"; it was {dollars(worst.before)} and these trades do not add to it"
        return Answer(
            verdict=Verdict.BREACH if breaches else Verdict.PASS,
            sentence=words,
            security_ids=tuple(dict.fromkeys(held)),
            value=fraction_of(value, worst.base),
            limit=limit,
            numerator=numerator,
            base=worst.base,
            headroom=-worst.excess,
        )

    def _words(self, found: _Sum) -> str:
        names = ", ".join(found.names) or "no issuer"
        if self.mode is Mode.LADDER:
            return f"the largest {len(found.names)} ({names}) come to {dollars(found.after)}"
        if self.mode is Mode.SUM_OF_LARGE:
            over = percent(self.large_over or ZERO)
            return f"issuers above {over} ({names}) come to {dollars(found.after)}"
        if self.basket_minimum is not None:
            return f"the basket without {names} is {dollars(found.base - found.after)}"
        return f"outside the basket ({names}) lie {dollars(found.after)}"
