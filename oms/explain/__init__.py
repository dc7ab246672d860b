"""Explanations: stored facts in plain words, with the numbers and where they came from.

Pure and made from stored values only, so that the question "why was this
traded?" gets the same words years later.
"""

from oms.explain.account import explain_account
from oms.explain.answer import Explanation, Section
from oms.explain.books import Signatures, explain_books
from oms.explain.order import explain_order
from oms.explain.posted import concerns
from oms.explain.run import trace_run

__all__ = [
    "Explanation",
    "Section",
    "Signatures",
    "concerns",
    "explain_account",
    "explain_books",
    "explain_order",
    "trace_run",
]
