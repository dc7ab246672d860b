"""The book: what files told us, with file and line, and which files were refused.

New tables only: the previous release does not know them and runs on beside them.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import Instant, RowNumber, Scaled

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "ingested_file",
    "refused_file",
    "book_account",
    "book_flow",
    "book_mandate",
    "book_model_weight",
    "book_price",
    "book_restriction",
    "book_security",
    "custody_cash",
    "custody_lot",
    "custody_position",
    "custody_transaction",
)


def upgrade() -> None:
    _files()
    _master_data()
    _custody()
    for table in TABLES:
        append_only.install(op.get_bind(), table)


def downgrade() -> None:
    for table in TABLES:
        append_only.remove(op.get_bind(), table)
    for table in reversed(TABLES):
        op.drop_table(table)


def _files() -> None:
    op.create_table(
        "ingested_file",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("custodian", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("accepted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ingested_file")),
    )
    op.create_index(op.f("ix_ingested_file_key"), "ingested_file", ["key"], unique=False)
    op.create_table(
        "refused_file",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("custodian", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("refused_at", Instant(), nullable=False),
        sa.Column("problem_count", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_refused_file")),
    )


def _master_data() -> None:
    op.create_table(
        "book_account",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("household_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("custodian", sa.String(), nullable=False),
        sa.Column("tax_status", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("mandate_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_account_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_account")),
    )
    op.create_table(
        "book_flow",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("amount", Scaled(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_flow_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_flow")),
    )
    op.create_table(
        "book_mandate",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mandate_id", sa.String(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_mandate_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_mandate")),
    )
    op.create_table(
        "book_model_weight",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("security_id", sa.String(length=12), nullable=False),
        sa.Column("weight", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_model_weight_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_model_weight")),
    )
    op.create_table(
        "book_price",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("security_id", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("close", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_price_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_price")),
    )
    op.create_index(op.f("ix_book_price_day"), "book_price", ["day"], unique=False)
    op.create_table(
        "book_restriction",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("security_id", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_restriction_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_restriction")),
    )
    op.create_table(
        "book_security",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("security_id", sa.String(length=12), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("cusip", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("industry", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("lot_size", sa.Integer(), nullable=False),
        sa.Column("tick", Scaled(), nullable=False),
        sa.Column("half_spread", Scaled(), nullable=False),
        sa.Column("average_daily_volume", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_book_security_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_book_security")),
    )


def _custody() -> None:
    op.create_table(
        "custody_cash",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("amount", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_custody_cash_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_custody_cash")),
    )
    op.create_table(
        "custody_lot",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("quantity", Scaled(), nullable=False),
        sa.Column("basis", Scaled(), nullable=False),
        sa.Column("acquired", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_custody_lot_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_custody_lot")),
    )
    op.create_table(
        "custody_position",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("quantity", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_number"], ["ingested_file.number"], name=op.f("fk_custody_position_file_number")
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_custody_position")),
    )
    op.create_table(
        "custody_transaction",
        sa.Column("file_number", RowNumber, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=True),
        sa.Column("quantity", Scaled(), nullable=True),
        sa.Column("amount", Scaled(), nullable=False),
        sa.Column("gain", Scaled(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_number"],
            ["ingested_file.number"],
            name=op.f("fk_custody_transaction_file_number"),
        ),
        sa.PrimaryKeyConstraint("file_number", "line", name=op.f("pk_custody_transaction")),
    )
