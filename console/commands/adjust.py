"""`trimtab adjust`: put right what the books of one account lack, by two persons.

Cash that came or went, shares that came as a lot, or shares that left one: what no file and no
venue will tell. Cash that a custodian's file of transactions tells comes by itself.
"""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, day, person, positive, sentence
from console.order_options import offset
from console.printing import print_json, print_lines
from console.service_port import AdjustmentWish
from domain.errors import BadInputError, ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", metavar="ACCOUNT")
    parser.add_argument("symbol", metavar="SYMBOL", nargs="?", help="whose shares come or leave")
    parser.add_argument(
        "--cash",
        metavar="DOLLARS",
        type=offset,
        help="that came, or -DOLLARS that went; with shares that leave: what they fetched",
    )
    parser.add_argument(
        "--shares", metavar="SHARES", type=offset, help="that came, or -SHARES that left"
    )
    parser.add_argument(
        "--cost", metavar="DOLLARS", type=offset, help="what the lot that came had cost"
    )
    parser.add_argument(
        "--acquired", metavar="DAY", type=day, help="since when the lot that came is held"
    )
    parser.add_argument("--lot", metavar="LOT", help="the lot that the shares left")
    parser.add_argument("--on", metavar="DAY", type=day, help="the day of it (default: today)")
    parser.add_argument(
        "--agree",
        metavar="NUMBER",
        type=positive,
        help="agree, as a second person, to the account's adjustment of that number",
    )
    add_by(parser)
    add_why(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by = person(arguments.by)
    wish = AdjustmentWish(
        account_id=arguments.account,
        cash=arguments.cash,
        symbol=arguments.symbol,
        shares=arguments.shares,
        cost=arguments.cost,
        acquired=arguments.acquired,
        lot_id=arguments.lot,
        day=arguments.on,
    )
    if arguments.agree and wish != AdjustmentWish(account_id=arguments.account):
        raise BadInputError("--agree takes what was said as it is; say only ACCOUNT and NUMBER")
    with changer(open_config(arguments.config)) as service:
        if arguments.agree:
            telling = service.agree_adjustment(arguments.account, arguments.agree, by)
        else:
            why = sentence(arguments.why, "--why")
            telling = service.propose_adjustment(wish, by, why)
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK
