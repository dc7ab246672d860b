"""`trimtab breaches`: the breach register, the filings that are due, and what was overridden."""

import argparse
from collections import Counter
from datetime import date

from console.clocks import clock_from
from console.config import Config
from console.doors import changer, open_config, opening, reader
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import Column, number, print_json, print_lines, print_table, when
from domain.cases import Case, CaseEntry
from domain.errors import ExitCode, TryAgainError
from domain.overrides import GivenOverride

HISTORY = (
    Column[CaseEntry]("AT", lambda entry: when(entry.at)),
    Column[CaseEntry]("WHAT", lambda entry: entry.step.what.value),
    Column[CaseEntry]("BY", lambda entry: entry.by),
    Column[CaseEntry]("DUE", lambda entry: _day(entry.step.case.due)),
    Column[CaseEntry]("SNAPSHOT", lambda entry: (entry.snapshot_id or "-")[:12]),
    Column[CaseEntry]("WORDS", lambda entry: entry.step.words),
)
OVERRIDES = (
    Column[GivenOverride]("RULE", lambda given: given.rule_id),
    Column[GivenOverride]("VERSION", lambda given: given.rule_version),
    Column[GivenOverride]("ACCOUNT", lambda given: given.account_id),
    Column[GivenOverride]("BY", lambda given: given.by),
    Column[GivenOverride]("GIVEN", lambda given: when(given.given)),
    Column[GivenOverride]("UNTIL", lambda given: _day(given.until, "that run")),
    Column[GivenOverride]("WHY", lambda given: given.why),
    Column[GivenOverride]("LET THROUGH", lambda given: given.sentence),
)


def configure(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--open", action="store_true", help="only what is open")
    which.add_argument("--case", metavar="CASE", help="all that happened to one, RULE:SUBJECT")
    which.add_argument("--run", metavar="RUN", help="as a run left it: open, or closed by it")
    add_json(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    words = "end a case: the form is filed, or the rule or the account is gone"
    said = 'trimtab breaches close issuer-drift:H001-1 --by anna --why "the form is filed"'
    closing = actions.add_parser("close", help=words, description=words, epilog=f"example: {said}")
    closing.add_argument("case", metavar="CASE", help="RULE:SUBJECT")
    add_by(closing)
    add_why(closing)
    add_json(closing)
    words = "list what was let through, by whom, why and until when"
    said = "trimtab breaches overrides"
    add_json(
        actions.add_parser("overrides", help=words, description=words, epilog=f"example: {said}")
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.action == "close":
        return _close(arguments)
    if arguments.action == "overrides":
        return _overrides(arguments)
    return _list(arguments) if arguments.case is None else _history(arguments)


def _list(arguments: argparse.Namespace) -> int:
    config = open_config(arguments.config)
    if arguments.run is None:
        with reader(config) as service:
            cases = service.cases(open_only=arguments.open)
    else:
        cases = _of_run(config, arguments.run)
    if arguments.json:
        print_json(cases)
    else:
        print_table(_columns(_today(config)), cases, "no portfolio is over a limit, nothing is due")
    return ExitCode.OK


def _of_run(config: Config, run: str) -> tuple[Case, ...]:
    """What stood at the end of a run, and what it closed."""
    with opening().open_reading(config) as service:
        summary = service.stored(run).summary
    if summary is None:
        raise TryAgainError("the run has not come to its end yet; ask again when it is done")
    return (*summary.cases, *summary.cases_closed)


def _columns(today: date) -> tuple[Column[Case], ...]:
    def term(case: Case) -> str:
        return f"{_day(case.due)} overdue" if case.is_overdue(today) else _day(case.due)

    return (
        Column("CASE", lambda case: case.case_id),
        Column("KIND", lambda case: case.kind.value),
        Column("OPENED", lambda case: case.opened.isoformat()),
        Column("DAYS", lambda case: number(case.age(today)), number=True),
        Column("DUE", term),
        Column("CLOSED", lambda case: _day(case.closed)),
        Column("TIMES", lambda case: number(case.times), number=True),
        Column("WHAT", lambda case: case.closed_why or case.sentence),
    )


def _history(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        history = service.case(arguments.case)
    if arguments.json:
        print_json(history)
        return ExitCode.OK
    case = history[-1].step.case
    print_lines([f"{case.case_id} ({case.kind}, {case.force}) [{case.citation}]"])
    print_table(HISTORY, history, "")
    return ExitCode.OK


def _close(arguments: argparse.Namespace) -> int:
    by, why = person(arguments.by), sentence(arguments.why, "--why")
    with changer(open_config(arguments.config)) as service:
        case = service.close_case(arguments.case, by, why)
    if arguments.json:
        print_json(case)
    else:
        print_lines([f"case {case.case_id} is closed by {by}; a check that finds it reopens it"])
    return ExitCode.OK


def _overrides(arguments: argparse.Namespace) -> int:
    config = open_config(arguments.config)
    with reader(config) as service:
        given = service.overrides()
    if arguments.json:
        print_json(given)
        return ExitCode.OK
    print_table(OVERRIDES, given, "nothing was overridden")
    if given:
        print_lines([_counts(given, _today(config))])
    return ExitCode.OK


def _counts(given: tuple[GivenOverride, ...], today: date) -> str:
    rules = Counter(one.rule_id for one in given).most_common()
    by_rule = ", ".join(f"{rule} {count}" for rule, count in rules)
    holding = sum(one.holds(today) for one in given)
    return f"{len(given)} given ({by_rule}); {holding} still count in later runs"


def _today(config: Config) -> date:
    return clock_from(config.clock.start).now().date()


def _day(value: date | None, without: str = "-") -> str:
    return without if value is None else value.isoformat()
