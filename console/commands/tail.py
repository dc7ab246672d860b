"""`trimtab tail`: read the log, follow it, filter it."""

import argparse
import sys

from console.config import Config
from console.doors import open_config, reader
from console.log_filter import LEVELS, Filter
from console.log_line import LineRenderer, fields_of
from console.log_reader import LogReader, Record
from console.options import positive
from console.service_port import OrderQuery
from console.terminal import wants_colour
from console.views import LAST, find_run
from domain.errors import ExitCode, MissingError, TrimtabError

RECENT_RUNS = 1000
RECENT_ORDERS = 10_000


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--lines", type=positive, default=20, help="the last N (default 20)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    parser.add_argument("--run", metavar="RUN", help='of one run ("last" for the newest)')
    parser.add_argument("--account", metavar="ACCOUNT", help="about one account")
    parser.add_argument("--order", metavar="ORDER", help="about one order (ClOrdID)")
    parser.add_argument("--level", choices=tuple(LEVELS), help="this level and above")
    parser.add_argument("--fix", action="store_true", help="only FIX messages and session events")
    parser.add_argument("--decode", action="store_true", help="FIX messages field by field")
    parser.add_argument("--json", action="store_true", help="the lines as they are in the file")


def run(arguments: argparse.Namespace) -> int:
    config = open_config(arguments.config)
    if not config.files.log.exists() and not arguments.follow:
        raise MissingError(f"there is no log at {config.files.log} yet; `trimtab serve` writes it")
    wanted = Filter(
        run=_run_named(config, arguments.run) if arguments.run else None,
        account=arguments.account,
        order=arguments.order,
        level=arguments.level,
        fix_only=arguments.fix,
        orders_of_account=_orders_of(config, arguments.account) if arguments.account else (),
    )
    renderer = LineRenderer(colour=wants_colour(sys.stdout))
    with LogReader(config.files.log, wanted) as reading:
        found = reading.last(arguments.lines)
        for record in found:
            _print(record, renderer, arguments)
        if not (found or arguments.follow):
            sys.stderr.write(f"trimtab tail: no line of {config.files.log} is about that\n")
        if arguments.follow:
            for record in reading.follow():
                _print(record, renderer, arguments)
    return ExitCode.OK


def _print(record: Record, renderer: LineRenderer, arguments: argparse.Namespace) -> None:
    text = record.line if arguments.json else renderer.render(record.fields)
    if arguments.decode and not arguments.json:
        text += "".join(f"\n    {line}" for line in fields_of(record.fields))
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _run_named(config: Config, text: str) -> str:
    """The id of the run that is meant; the text itself when the database does not tell it."""
    try:
        with reader(config) as service:
            return find_run(service.runs(RECENT_RUNS), text).run_id.hex
    except TrimtabError:
        if text == LAST:
            raise
        return text


def _orders_of(config: Config, account_id: str) -> tuple[str, ...]:
    """Orders with a share for the account; none while the database cannot be asked."""
    try:
        with reader(config) as service:
            query = OrderQuery(account_id=account_id, limit=RECENT_ORDERS)
            return tuple(order.cl_ord_id for order in service.orders(query))
    except TrimtabError:
        return ()
