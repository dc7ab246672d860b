"""Order words: an order's terms and its way, as people read them."""

from domain.exact import plain
from domain.orders import Algo, OrderIntent, OrdType, Routed, TimeInForce
from oms.wording import instant, percent

_DURATIONS = {
    TimeInForce.DAY: "for the day",
    TimeInForce.GTC: "until cancelled",
    TimeInForce.OPG: "at the opening",
    TimeInForce.IOC: "immediately or not",
    TimeInForce.FOK: "wholly and at once or not",
    TimeInForce.CLS: "at the close",
}


def terms_words(intent: OrderIntent) -> str:
    """Kind, prices, duration and algorithm: "limit 148.74 for the day"."""
    words = [intent.ord_type.name.lower().replace("_", " ")]
    if intent.ord_type is OrdType.MARKET:
        words = ["at market"]
    if intent.stop_price is not None:
        words.append(plain(intent.stop_price))
    if intent.peg is not None:
        offset = f" {intent.peg.offset:+f}" if intent.peg.offset else ""
        words.append(f"to the {intent.peg.to.name.lower()}{offset}")
    if intent.limit_price is not None:
        mark = [] if intent.ord_type is OrdType.LIMIT else ["limit"]
        words += [*mark, plain(intent.limit_price)]
    if intent.expires_at is not None:
        words.append(f"until {instant(intent.expires_at)}")
    elif intent.expires is not None:
        words.append(f"until {intent.expires}")
    else:
        words.append(_DURATIONS[intent.time_in_force])
    if intent.algo is not None:
        words.append(_algo_words(intent.algo))
    return " ".join(words)


def routed_words(routed: Routed) -> str:
    """Which rule chose the way, and why: one sentence without its full stop."""
    said = f"rule {routed.rule}: {routed.why}" if routed.why else f"rule {routed.rule}"
    if routed.choice > 1:
        said = f"{said}; choice {routed.choice}"
    if routed.follows is not None:
        said = f"{said}; with the rest of {routed.follows}"
    return said


def _algo_words(algo: Algo) -> str:
    words = [f"by {algo.strategy.value}"]
    if algo.start is not None:
        words.append(f"from {instant(algo.start)}")
    if algo.end is not None:
        words.append(f"to {instant(algo.end)}")
    if algo.participation is not None:
        words.append(f"at {percent(algo.participation)} of the volume")
    return " ".join(words)
