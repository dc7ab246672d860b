"""Which rules were asked, and how much headroom there was."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from domain.compliance import CheckResult, Force, Verdict
from domain.recommendations import Basket
from oms.wording import counted

_SAYS = {
    Verdict.PASS: "passed",
    Verdict.BREACH: "BREACHED",
    Verdict.CANNOT_TELL: "COULD NOT TELL",
}


def final_answers(checks: Sequence[CheckResult], basket: Basket | None) -> tuple[CheckResult, ...]:
    """Each answer once, with the override that the released basket carries for it."""
    settled = {_without_override(r): r for r in basket.results} if basket is not None else {}
    bare = dict.fromkeys(_without_override(check) for check in checks)
    return tuple(settled.get(check, check) for check in bare)


def rule_sentences(checks: Sequence[CheckResult], first: Collection[str] = ()) -> tuple[str, ...]:
    """What did not pass, each in full; then for each rule one of its passes.

    That is the tightest, or the one whose subject is among `first`.
    """
    return tuple(_sentences(checks, first))


def answer_words(answer: CheckResult) -> str:
    """One answer in full: rule, version, subject, words, citation and any override."""
    version = f" {answer.rule_version}" if answer.rule_version else ""
    words = (
        f"{answer.rule_id}{version} ({answer.force}) {_SAYS[answer.verdict]} for "
        f"{answer.subject}: {answer.sentence} [{answer.citation}]"
    )
    if answer.overridden_by is not None:
        return f"{words}; overridden by {answer.overridden_by}: {answer.override_reason}"
    if answer.verdict is not Verdict.PASS and answer.force is Force.SOFT:
        return f"{words}; soft: it warns and needs a person, it does not block"
    return f"{words}; {answer.subject} was held: {way_out(answer)}" if answer.blocks else words


def way_out(answer: CheckResult) -> str:
    """What can be done about an answer that blocks."""
    if answer.force is Force.HARD:
        return "nobody can override a hard rule; the trades, the mandate or the rule must change"
    return "a second person may override it with a written reason before the run is released"


def _sentences(checks: Sequence[CheckResult], first: Collection[str]) -> Iterator[str]:
    passes: defaultdict[str, list[CheckResult]] = defaultdict(list)
    for answer in checks:
        if answer.verdict is Verdict.PASS:
            passes[answer.rule_id].append(answer)
        else:
            yield answer_words(answer)
    for answers in passes.values():
        told = min(answers, key=lambda answer: (answer.subject not in first, _slack(answer)))
        if len(answers) == 1:
            yield answer_words(told)
        elif told.subject in first:
            yield f"{answer_words(told)}; {counted(len(answers) - 1, 'other')} passed"
        else:
            yield f"{answer_words(told)}; the tightest of {len(answers)} passes"


def _without_override(answer: CheckResult) -> CheckResult:
    if answer.overridden_by is None and answer.override_reason is None:
        return answer
    return replace(answer, overridden_by=None, override_reason=None)


def _slack(answer: CheckResult) -> tuple[Decimal, str]:
    """Headroom over what was measured; answers without a number have all the room there is."""
    if answer.headroom is None or answer.numerator is None:
        return Decimal("Infinity"), answer.subject
    whole = abs(answer.headroom) + abs(answer.numerator)
    return (answer.headroom / whole if whole else answer.headroom), answer.subject
