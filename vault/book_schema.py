"""The book's tables: what files told us, row by row, each with its file and line.

Rows are facts. A file that is sent again with other content and accepted as a
replacement is a second file with the same key; readers take the newest.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Integer, String, Table, Text

from vault.metadata import APPEND_ONLY, metadata
from vault.types import Instant, RowNumber, Scaled

ingested_file = Table(
    "ingested_file",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("kind", String, nullable=False),  # "prices", ..., "positions", "transactions".
    Column("name", String, nullable=False),
    Column("key", String, nullable=False, index=True),  # Name and day: what must not change.
    Column("as_of", Date),  # The day in the name; None without one, for example securities.csv.
    Column("custodian", String),
    Column("code", String),  # The custodian's short name, first part of its lots' ids.
    Column("sha256", String(64), nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    info=APPEND_ONLY,
)

refused_file = Table(
    "refused_file",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("kind", String),
    Column("name", String, nullable=False),
    Column("as_of", Date),
    Column("custodian", String),
    Column("sha256", String(64), nullable=False),
    Column("refused_at", Instant, nullable=False),
    Column("problem_count", Integer, nullable=False),
    Column("problems", Text, nullable=False),  # Canonical text of the whole list.
    info=APPEND_ONLY,
)


def _rows(name: str, *columns: Column[Any]) -> Table:
    """A table of rows of files: every row knows its file and line."""
    return Table(
        name,
        metadata,
        Column("file_number", RowNumber, ForeignKey("ingested_file.number"), primary_key=True),
        Column("line", Integer, primary_key=True),
        *columns,
        info=APPEND_ONLY,
    )


book_security = _rows(
    "book_security",
    Column("security_id", String(12), nullable=False),
    Column("symbol", String, nullable=False),
    Column("cusip", String(9), nullable=False),
    Column("name", String, nullable=False),
    Column("issuer", String, nullable=False),
    Column("sector", String, nullable=False),
    Column("industry", String, nullable=False),
    Column("country", String(2), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("venue", String, nullable=False),
    Column("lot_size", Integer, nullable=False),
    Column("tick", Scaled, nullable=False),
    Column("half_spread", Scaled, nullable=False),
    Column("average_daily_volume", BigInteger, nullable=False),
)
book_price = _rows(
    "book_price",
    Column("security_id", String(12), nullable=False),
    Column("day", Date, nullable=False, index=True),
    Column("close", Scaled, nullable=False),
)
book_model_weight = _rows(
    "book_model_weight",
    Column("model_id", String, nullable=False),
    Column("security_id", String(12), nullable=False),
    Column("weight", Scaled, nullable=False),
)
book_mandate = _rows(
    "book_mandate",
    Column("mandate_id", String, nullable=False),
    Column("terms", Text, nullable=False),  # Canonical text of the mandate.
)
book_account = _rows(
    "book_account",
    Column("account_id", String, nullable=False),
    Column("household_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("custodian", String, nullable=False),
    Column("tax_status", String, nullable=False),
    Column("model_id", String, nullable=False),
    Column("mandate_id", String, nullable=False),
)
book_restriction = _rows(
    "book_restriction",
    Column("security_id", String(12), nullable=False),
    Column("reason", String, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("effective_at", Instant),
    Column("household_id", String, nullable=False, server_default=""),
)
book_fact = _rows(
    "book_fact",
    Column("about", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("name", String, nullable=False),
    Column("of", String, nullable=False),
    Column("value", String, nullable=False),
)
book_flow = _rows(
    "book_flow",
    Column("account_id", String, nullable=False),
    Column("amount", Scaled, nullable=False),
    Column("due", Date, nullable=False),
    Column("why", String, nullable=False),
)

# Custodians' rows keep the custodian's own word for the security: it may be one
# that we do not know yet.
custody_position = _rows(
    "custody_position",
    Column("account_id", String, nullable=False),
    Column("identifier", String, nullable=False),
    Column("quantity", Scaled, nullable=False),
)
custody_lot = _rows(
    "custody_lot",
    Column("account_id", String, nullable=False),
    Column("identifier", String, nullable=False),
    Column("quantity", Scaled, nullable=False),
    Column("basis", Scaled, nullable=False),
    Column("acquired", Date, nullable=False),
    Column("reference", String),  # Of the transaction that bought it, where the file says so.
    Column("disallowed", Scaled),  # Losses of wash sales in its basis, where the file says so.
)
custody_cash = _rows(
    "custody_cash",
    Column("account_id", String, nullable=False),
    Column("amount", Scaled, nullable=False),
)
custody_transaction = _rows(
    "custody_transaction",
    Column("account_id", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", String, nullable=False),
    Column("identifier", String),
    Column("quantity", Scaled),
    Column("amount", Scaled, nullable=False),  # Cash in, or out of, the account.
    Column("gain", Scaled),
)
