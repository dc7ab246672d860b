"""Fact words: every fact that rules may ask for, what it means, and its usual value.

A word without a usual value is required: where the fact is not given, the answer is
"cannot tell". A firm's own words begin with `x_`; they are always required.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from domain.exact import parse_decimal
from domain.facts import About

OWN_WORD = "x_"
RATINGS = (
    "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-",
    "BB+", "BB", "BB-", "B+", "B", "B-", "CCC+", "CCC", "CCC-", "CC", "C", "D",
)  # fmt: skip
FUNDS = (
    "open_end_fund", "closed_end_fund", "bdc", "uit", "money_market_fund", "ucits_fund",
    "non_ucits_fund", "private_fund",
)  # fmt: skip
KINDS = (
    "common_stock", "preferred_stock", "warrant", "corporate_bond", "convertible_bond",
    "covered_bond", "government", "municipal", "repo", "commercial_paper", "deposit", "loan",
    "partnership", "property", *FUNDS, "option", "future", "forward", "swap",
)  # fmt: skip
NAMES_SECURITY = ("underlying", "identical_to")  # Their value is a security.
BY_SECURITY = ("contains", "short", "short_sale", "held")  # Their second party is one.
VOTING = ("common_stock", "preferred_stock", "partnership", *FUNDS)


class Kind(StrEnum):
    """How a fact's text is read."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "yes or no"
    DAY = "day"
    INSTANT = "instant"  # RFC 3339 with an offset.
    RATING = "rating"  # On the long-term scale, AAA to D; better is greater.


Value = Decimal | date | datetime | str


@dataclass(frozen=True, slots=True)
class Word:
    """One fact that rules may ask for."""

    kind: Kind
    means: str
    usual: str | None = None  # None: required.
    one_of: tuple[str, ...] = ()


def _number(means: str, usual: str | None = None) -> Word:
    return Word(Kind.NUMBER, means, usual)


def _flag(means: str, usual: str | None = "no") -> Word:
    return Word(Kind.FLAG, means, usual, ("yes", "no"))


def _text(means: str, usual: str | None = None) -> Word:
    return Word(Kind.TEXT, means, usual)


def _instant(means: str) -> Word:
    return Word(Kind.INSTANT, means, "")


SECURITY = {
    "kind": Word(Kind.TEXT, "what it is", "common_stock", KINDS),
    "liquidity": Word(
        Kind.TEXT,
        "its class under 17 CFR 270.22e-4",
        None,
        ("highly_liquid", "moderately_liquid", "less_liquid", "illiquid"),
    ),
    "days_to_cash": _number("business days until it is cash"),
    "outstanding": _number("units of the class outstanding"),
    "votes": _number("votes of one unit; without the fact: 1 of what votes, else 0", ""),
    "principal": _number("principal of one unit, in dollars", "1"),
    "offering": _number("size of the offering, in units"),
    "affiliated_syndicate": _flag("an affiliate is in the syndicate that offers it"),
    "offering_priced": Word(Kind.DAY, "day on which the offering is priced", ""),
    "offering_filed": Word(Kind.DAY, "day on which its registration statement was filed", ""),
    "underlying": _text("security id of what a derivative is on", ""),
    "multiplier": _number("units of the underlying in one contract", "1"),
    "delta": _number("change of its value with the underlying's"),
    "contains": _number("weight of a constituent; `of` is its security id", "0"),
    "counterparty": _text("the other side of an over-the-counter contract", ""),
    "cleared": _flag("cleared at a central counterparty"),
    "guarantor": _text("who guarantees it or gives its demand feature", ""),
    "rating": Word(Kind.RATING, "lowest long-term rating", None, RATINGS),
    "duration": _number("effective duration, in years"),
    "maturity_days": _number("days to maturity, shortened by resets as 2a-7(i) says"),
    "life_days": _number("days to final maturity, resets ignored"),
    "in_name": _flag("in line with the fund's name", None),
    "esg_excluded": _flag("excluded by the client's ESG screen", None),
    "ric": _flag("a regulated investment company"),
    "qptp": _flag("a qualified publicly traded partnership"),
    "insurance_only": _flag("a fund whose shares only insurers' accounts hold"),
    "listed_13f": _flag("on the SEC's list of section 13(f) securities", "yes"),
    "registered_voting": _flag("a registered voting class", "yes"),
    "mirror_voted": _flag("voted in proportion to the other holders"),
    "held_elsewhere": _number("units held by affiliates outside the book", "0"),
    "identical_to": _text("security id to which it is substantially identical", ""),
    "restricted_reason": _text("why the firm restricts it", ""),
}
ISSUER = {
    "parent": _text("issuer whose consolidated accounts it is in", ""),
    "business": _text("what it does, in the fund's own words"),
    "securities_revenue_share": _number("share of revenue from securities business"),
    "votes_outstanding": _number("votes outstanding over all classes", ""),
    "debt_outstanding": _number("principal of its debt outstanding, in dollars"),
    "voting_units_outside": _number("votes of classes that are not in the master", "0"),
    "years_in_operation": _number("years in continuous operation"),
    "owned": _number("share of it owned; `of` is the owner", "0"),
}
ACCOUNT = {
    "type": _flag("kind of account; `of` is the type"),
    "group": _text("advisory or fund group", ""),
    "business": _text("strategy that sends its orders", ""),
    "directed_to": _text("venue to which the client directed its brokerage", ""),
    "borrowings": _number("borrowed, in dollars", "0"),
    "temporary_borrowings": _number("borrowed for a time, in dollars", "0"),
    "property_borrowings": _number("borrowed for property, in dollars", "0"),
    "preferred": _number("liquidation preference of preferred stock", "0"),
    "has_preferred": _flag("a closed-end fund with preferred stock outstanding"),
    "other_liabilities": _number("owed other than borrowings", "0"),
    "receivables": _number("due to it", "0"),
    "collateral": _number("held against a counterparty, which is `of`", "0"),
    "employer": _text("the plan's sponsor"),
    "employer_property": _number("employer real property, in dollars", "0"),
    "independent_share": _number("share of the employer's stock held by independents"),
    "gross_income": _number("gross income of the tax year so far"),
    "qualifying_income": _number("of which qualifying under 851(b)(2)"),
    "var": _number("value at risk, 99 %, 20 trading days, dollars"),
    "var_reference": _number("the same of the reference portfolio"),
    "futures_notional": _number("gross notional of futures, hedges out", "0"),
    "short_sales": _number("value of assets sold short", "0"),
    "equity_deposited": _number("equity put up for the purchases"),
    "debit": _number("owed to the broker", "0"),
    "highly_liquid_minimum": _number("the fund's own minimum, a fraction"),
    "control_purpose": _flag("held with a purpose to influence control, or for our own account"),
    "realised_short": _number("net short-term gain of the year so far"),
    "realised_long": _number("net long-term gain of the year so far"),
    "budget_short": _number("short-term gains that the client allows in a year"),
    "budget_long": _number("long-term gains that the client allows in a year"),
    "turnover_budget": _number("turnover that the client allows in a year, a fraction"),
    "turnover_so_far": _number("turnover of the year so far, a fraction", "0"),
    "option_10": _flag("UCITS: the member state allows 10 % of one body"),
    "option_group_20": _flag("UCITS: the member state allows 20 % of one group"),
    "option_fund_20": _flag("UCITS: the member state allows 20 % of one fund"),
    "exceptional_conditions": _flag("UCITS: article 53(2) is claimed for one issuer"),
    "concentrates": _flag("a fund that concentrates in an industry by policy"),
    "tax_exempt_fund": _flag("a tax-exempt money market fund"),
    "short": _number("shares sold short; `of` is the security id", "0"),
    "short_sale": Word(Kind.DAY, "day of the last short sale; `of` is the security id", ""),
    "reference_age": _number("seconds since its reference prices were taken", "0"),
}
ORDER = {
    "capacity": Word(
        Kind.TEXT, "in which the adviser acts", "agency", ("agency", "principal", "agency_cross")
    ),
    "cross_trade": _flag("between two accounts of the adviser"),
    "counterparty": _text("the other side", ""),
    "broker": _text("who executes", ""),
    "exemption": _text("exemption claimed", ""),
    "fiduciary": _flag("the party is a fiduciary for these assets"),
    "price": _number("agreed price"),
    "fair_price": _number("adequate consideration, as determined"),
    "nms": _flag("an NMS stock", "yes"),
    "last_sale": _number("last sale that day"),
    "bid": _number("highest independent bid"),
    "offer": _number("lowest independent offer"),
    "commission": _number("commission, in dollars", "0"),
    "commission_cps": _number("commission, cents a share", "0"),
    "lowest_cps": _number("lowest commission available, cents a share", "0"),
    "service": _text("what the commission buys besides execution", ""),
    "good_faith_finding": _flag("the value was found reasonable in good faith"),
    "disclosed": _instant("capacity disclosed to the client in writing"),
    "consented": _instant("client's consent to this trade"),
    "standing_consent": _instant("client's standing consent"),
    "confirmed": _instant("written confirmation"),
    "completes": _instant("completion of the trade"),
    "cash_settled": _flag("cash against prompt delivery"),
    "quoted": _flag("market quotations are readily available"),
    "common_adviser_only": _flag("affiliated only through the adviser"),
    "short_sale": _flag("a short sale"),
    "locate_id": _text("the locate's id", ""),
    "located": _number("shares located or borrowed", "0"),
    "strategy": _text("strategy that sends it", ""),
    "message": Word(Kind.TEXT, "what would be sent", "new", ("new", "replace", "cancel")),
    "reference_age": _number("seconds since the reference price"),
    "offering_purchase": _flag("bought in a firm-commitment offering for cash"),
    "first_day": _flag("bought by the end of the offering's first day"),
    "firm_commitment": _flag("offered under a firm commitment"),
    "parent_quantity": _number("shares of the parent order", ""),
    "parent_done": _number("shares of the parent that are done", "0"),
    "parent_open": _number("shares of the parent that its children still work", "0"),
    "filled": _number("shares executed"),
    "average_price": _number("average price of the fills"),
    "allocated": _number("shares given to an account, which is `of`", "0"),
    "allocated_price": _number("price given to an account, which is `of`"),
    "deviation_reason": _text("written reason for another split", ""),
    "deviation_approved_by": _text("who approved it", ""),
}
FIRM = {
    "holiday": _flag("a holiday; `of` is the day"),
    "value_13f": _number("fair value of 13(f) securities at a month end, `of`", "0"),
    "held": _number("units of a name held on a day; `of` is its security id", "0"),
    "gross_shares_day": _number("shares traded on a day, `of`", "0"),
    "gross_dollars_day": _number("dollars traded on a day, `of`", "0"),
    "gross_shares_month": _number("shares traded in a month, `of` (2026-03)", "0"),
    "gross_dollars_month": _number("dollars traded in a month, `of` (2026-03)", "0"),
    "messages_last_second": _number("messages sent in the last second", "0"),
    "filer": Word(
        Kind.TEXT, "which 13(g) filer the firm is", "institution", ("institution", "passive")
    ),
}
VOCABULARY: Mapping[About, Mapping[str, Word]] = {
    About.SECURITY: SECURITY,
    About.ISSUER: ISSUER,
    About.ACCOUNT: ACCOUNT,
    About.ORDER: ORDER,
    About.COUNTERPARTY: {"bank": _flag("a credit institution", None)},
    About.LIST: {
        "entry": _text("why it is listed; `of` is what is listed"),
        "from": _instant("when the entry of `of` begins to bind; without it, at once"),
        "until": _instant("when the entry of `of` binds no more; without it, never"),
    },
    About.SWITCH: {"set": _flag("nothing new passes")},
    About.FIRM: FIRM,
}


def word_of(about: About, name: str) -> Word | None:
    """The word; a firm's own is a required text; None for what nobody knows."""
    if name.startswith(OWN_WORD):
        return Word(Kind.TEXT, "the firm's own")
    return VOCABULARY[about].get(name)


def read_value(word: Word, text: str) -> Value:
    """The text as the word's kind; raises `ValueError` with what would be right."""
    if word.one_of and text not in word.one_of:
        raise ValueError(f"{text!r} is not one of {', '.join(word.one_of)}")
    if text == "" and word.usual == "":
        return text
    if word.kind is Kind.NUMBER:
        return parse_decimal(text)
    if word.kind is Kind.DAY:
        return date.fromisoformat(text)
    if word.kind is Kind.INSTANT:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError(f"{text!r} has no offset from UTC")
        return at
    return text
