"""Account types: what a rule's gate and a pack's enabling ask for.

The tax status is one; the others are facts about the account. An account may be
of several at once: a diversified open-end fund is a fund, too.
"""

from enum import StrEnum


class AccountType(StrEnum):
    """What kind of account it is."""

    TAXABLE = "taxable"
    DEFERRED = "deferred"
    EXEMPT = "exempt"
    US_FUND = "us_fund"  # Registered under the Investment Company Act of 1940.
    US_FUND_DIVERSIFIED = "us_fund_diversified"
    US_FUND_OPEN_END = "us_fund_open_end"
    US_FUND_CLOSED_END = "us_fund_closed_end"
    US_FUND_OF_FUNDS = "us_fund_of_funds"
    US_FUND_DERIVATIVES_USER = "us_fund_derivatives_user"
    US_FUND_LIMITED_USER = "us_fund_limited_user"  # Of derivatives, 17 CFR 270.18f-4(c)(4).
    US_FUND_RIC = "us_fund_ric"
    US_MONEY_FUND = "us_money_fund"
    PRIVATE_FUND = "private_fund"  # Sections 3(c)(1) and 3(c)(7).
    VARIABLE_INSURANCE = "variable_insurance"
    ERISA = "erisa"
    UCITS = "ucits"
    UCITS_INDEX = "ucits_index"
    MARGIN = "margin"
    HARVESTING = "harvesting"  # The mandate takes losses on purpose.
