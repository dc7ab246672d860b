"""How a value of each FIX data type looks (FIX 4.4 volume 1, "Data types").

Types without a check here are free text; that a value is there at all is looked at elsewhere.
"""

import re
from collections.abc import Callable

_INT = r"-?\d{1,18}"
_COUNT = r"\d{1,18}"
_FLOAT = r"-?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})"
_DATE = r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,12})?"
_MONTH = r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]|w[1-5])?"

_PATTERNS = {
    "INT": _INT,
    "TAGNUM": _COUNT,
    "LENGTH": _COUNT,
    "NUMINGROUP": _COUNT,
    "SEQNUM": _COUNT,
    "FLOAT": _FLOAT,
    "AMT": _FLOAT,
    "PERCENTAGE": _FLOAT,
    "PRICE": _FLOAT,
    "PRICEOFFSET": _FLOAT,
    "QTY": _FLOAT,
    "BOOLEAN": r"[YN]",
    "CHAR": r"[^\x00-\x1f]",
    "COUNTRY": r"[A-Z]{2}",
    "CURRENCY": r"[A-Z]{3}",
    "LOCALMKTDATE": _DATE,
    "UTCDATEONLY": _DATE,
    "UTCTIMEONLY": _TIME,
    "UTCTIMESTAMP": rf"{_DATE}-{_TIME}",
    "MONTHYEAR": _MONTH,
}

FORMATS: dict[str, Callable[[str], object]] = {
    kind: re.compile(pattern, re.ASCII).fullmatch for kind, pattern in _PATTERNS.items()
}
