"""`trimtab proposed`: every trade that a run would make, for whoever has to approve it."""

import argparse
from collections.abc import Iterator, Sequence

from console.doors import open_config, reader
from console.options import add_json
from console.printing import Column, money, number, price, print_json, print_lines, print_table
from console.service_port import ProposedLine
from domain.errors import ExitCode, UnknownNameError

COLUMNS = (
    Column[ProposedLine]("ACCOUNT", lambda line: line.account_id),
    Column[ProposedLine]("", lambda line: "held" if line.is_held else ""),
    Column[ProposedLine]("SIDE", lambda line: line.side),
    Column[ProposedLine]("SYMBOL", lambda line: line.symbol),
    Column[ProposedLine]("QUANTITY", lambda line: number(line.quantity), number=True),
    Column[ProposedLine]("PRICE", lambda line: price(line.price), number=True),
    Column[ProposedLine]("NOTIONAL", lambda line: money(line.notional), number=True),
    Column[ProposedLine]("COST", lambda line: money(line.expected_cost), number=True),
    Column[ProposedLine]("TAX", lambda line: money(line.expected_tax), number=True),
    Column[ProposedLine]("WHY", lambda line: line.reason),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help='the run\'s id, a part of it, or "last"')
    parser.add_argument("--account", metavar="ACCOUNT", help="only this account")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with reader(open_config(arguments.config)) as service:
        lines = service.proposed(arguments.run)
    if arguments.account:
        lines = tuple(line for line in lines if line.account_id == arguments.account)
        if not lines:
            raise UnknownNameError(
                f"the run has no trade of account {arguments.account!r}; "
                f"`trimtab explain {arguments.account}` says why"
            )
    if arguments.json:
        print_json(lines)
    else:
        print_table(COLUMNS, lines, "the run proposes no trade (yet); `trimtab trace RUN` says why")
        print_lines(_totals(lines))
    return ExitCode.OK


def _totals(lines: Sequence[ProposedLine]) -> Iterator[str]:
    for side in ("sell", "buy"):
        worth = [line.notional for line in lines if line.side == side and not line.is_held]
        if worth:
            yield f"{side}s {len(worth)}, {money(sum(worth[1:], worth[0]))}"
