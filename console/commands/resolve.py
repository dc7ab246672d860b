"""`trimtab resolve`: two persons end a doubt that the wire could not end.

While an order of a venue is in doubt no new order goes there. Most doubts end by
themselves: the venue is asked at each logon. What is left is settled by telephone:
one person says what became of the order, a second one agrees. So it is with an allocation
that its broker never answered, named by its AllocID, and with a replace, named by its own ClOrdID.
"""

import argparse

from console.doors import changer, open_config
from console.options import add_by, add_json, add_why, person, sentence
from console.printing import print_json, print_lines
from domain.errors import BadInputError, ExitCode
from domain.orders import Settlement

_WORDS = {what.value.replace("_", "-"): what for what in Settlement}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "order",
        metavar="ORDER",
        help="any ClOrdID that it had, that of a replace without an answer, or an AllocID",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--as",
        dest="what",
        choices=sorted(_WORDS),
        help="what became of it: never-reached the venue (it may go out anew), ended there "
        "with the fills that we have, or stands there as it does here; of an allocation: "
        "never-reached the broker (it is said anew), ended (refused there) or stands there; of a "
        "replace: never-reached the venue, ended (refused there) or stands (it was made)",
    )
    what.add_argument(
        "--agree", action="store_true", help="agree, as a second person, to what was said"
    )
    add_by(parser)
    add_why(parser, required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    by = person(arguments.by)
    if arguments.what is not None and not arguments.why.strip():
        raise BadInputError("--as needs --why: who told you, and when")
    with changer(open_config(arguments.config)) as service:
        if arguments.agree:
            telling = service.second_settlement(arguments.order, by)
        else:
            why = sentence(arguments.why, "--why")
            what = _WORDS[arguments.what]
            telling = service.propose_settlement(arguments.order, what, by, why)
    if arguments.json:
        print_json(telling)
    else:
        print_lines(telling.lines)
    return ExitCode.OK
