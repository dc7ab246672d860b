"""The store: audit chain, runs, orders, outbox, inbox, ledger, decisions.

The first schema; nothing runs on an earlier one. Documents are canonical text.
"""

import sqlalchemy as sa
from alembic import op

from vault import append_only
from vault.types import Instant, RowNumber, Scaled

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FACTS = (
    "audit_entry",
    "run_change",
    "run_step",
    "fired",
    "snapshot",
    "order_intent",
    "order_name",
    "order_event",
    "execution",
    "outbox_message",
    "outbox_outcome",
    "inbox_message",
    "inbox_reset",
    "inbox_quarantine",
    "ledger_transaction",
    "ledger_leg",
    "approval_event",
    "kill_event",
    "check_result",
    "break_found",
)
DROP_ORDER = (  # What refers to another table goes before it.
    "run_step",
    "outbox_waiting",
    "outbox_outcome",
    "order_state",
    "order_name",
    "order_event",
    "ledger_leg",
    "writer_lease",
    "snapshot",
    "run_change",
    "run",
    "outbox_message",
    "order_intent",
    "lot",
    "ledger_transaction",
    "kill_event",
    "inbox_reset",
    "inbox_quarantine",
    "inbox_position",
    "inbox_message",
    "fired",
    "execution",
    "check_result",
    "break_found",
    "balance",
    "audit_entry",
    "approval_event",
)


def upgrade() -> None:
    _lease_and_audit()
    _runs()
    _orders()
    _outbox()
    _inbox()
    _ledger()
    _decisions()
    for table in FACTS:
        append_only.install(op.get_bind(), table)
    op.execute("insert into writer_lease (name, epoch) values ('writer', 0)")


def downgrade() -> None:
    for table in FACTS:
        append_only.remove(op.get_bind(), table)
    for table in DROP_ORDER:
        op.drop_table(table)


def _lease_and_audit() -> None:
    op.create_table(
        "writer_lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("since", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_writer_lease")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_audit_entry_sequence_positive")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_entry_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_entry_previous_hash")),
    )
    op.create_index(op.f("ix_audit_entry_subject"), "audit_entry", ["subject"], unique=False)


def _runs() -> None:
    op.create_table(
        "run_change",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_run_change")),
    )
    op.create_index(op.f("ix_run_change_run_id"), "run_change", ["run_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_started_at"), "run", ["started_at"], unique=False)
    op.create_index(op.f("ix_run_status"), "run", ["status"], unique=False)
    op.create_table(
        "run_step",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name=op.f("fk_run_step_run_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_run_step")),
    )
    op.create_index(op.f("ix_run_step_run_id_step"), "run_step", ["run_id", "step"], unique=False)
    op.create_table(
        "fired",
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("trigger", "due", name=op.f("pk_fired")),
    )
    op.create_table(
        "snapshot",
        sa.Column("snapshot_id", sa.String(length=64), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshot")),
    )


def _orders() -> None:
    op.create_table(
        "order_intent",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_order_intent")),
        sa.UniqueConstraint("cl_ord_id", name=op.f("uq_order_intent_cl_ord_id")),
    )
    op.create_index(op.f("ix_order_intent_run_id"), "order_intent", ["run_id"], unique=False)
    op.create_table(
        "order_name",
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("intent_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["order_intent.cl_ord_id"], name=op.f("fk_order_name_intent_id")
        ),
        sa.PrimaryKeyConstraint("cl_ord_id", name=op.f("pk_order_name")),
    )
    op.create_index(op.f("ix_order_name_intent_id"), "order_name", ["intent_id"], unique=False)
    op.create_table(
        "order_event",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("intent_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["order_intent.cl_ord_id"], name=op.f("fk_order_event_intent_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_order_event")),
    )
    op.create_index(op.f("ix_order_event_intent_id"), "order_event", ["intent_id"], unique=False)
    op.create_table(
        "order_state",
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("security_id", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.Column("order_qty", Scaled(), nullable=False),
        sa.Column("cum_qty", Scaled(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cl_ord_id"], ["order_intent.cl_ord_id"], name=op.f("fk_order_state_cl_ord_id")
        ),
        sa.PrimaryKeyConstraint("cl_ord_id", name=op.f("pk_order_state")),
        sa.UniqueConstraint("number", name=op.f("uq_order_state_number")),
    )
    op.create_index(
        "ix_order_state_open",
        "order_state",
        ["number"],
        unique=False,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(op.f("ix_order_state_run_id"), "order_state", ["run_id"], unique=False)
    op.create_table(
        "execution",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("exec_id", sa.String(), nullable=False),
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_execution")),
        sa.UniqueConstraint(
            "venue", "trade_date", "exec_id", name=op.f("uq_execution_venue_trade_date_exec_id")
        ),
    )
    op.create_index(op.f("ix_execution_cl_ord_id"), "execution", ["cl_ord_id"], unique=False)


def _outbox() -> None:
    op.create_table(
        "outbox_message",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("cl_ord_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox_message")),
    )
    op.create_index(
        op.f("ix_outbox_message_cl_ord_id"), "outbox_message", ["cl_ord_id"], unique=False
    )
    op.create_index(
        "uq_outbox_message_cl_ord_id",
        "outbox_message",
        ["cl_ord_id"],
        unique=True,
        sqlite_where=sa.text("kind <> 'StatusRequest'"),
        postgresql_where=sa.text("kind <> 'StatusRequest'"),
    )
    op.create_table(
        "outbox_outcome",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["outbox_message.number"], name=op.f("fk_outbox_outcome_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox_outcome")),
    )
    op.create_table(
        "outbox_waiting",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["outbox_message.number"], name=op.f("fk_outbox_waiting_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox_waiting")),
    )
    op.create_index(op.f("ix_outbox_waiting_venue"), "outbox_waiting", ["venue"], unique=False)


def _inbox() -> None:
    op.create_table(
        "inbox_message",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("session", "epoch", "sequence", name=op.f("pk_inbox_message")),
    )
    op.create_table(
        "inbox_reset",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_inbox_reset")),
    )
    op.create_index(op.f("ix_inbox_reset_session"), "inbox_reset", ["session"], unique=False)
    op.create_table(
        "inbox_quarantine",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_inbox_quarantine")),
    )
    op.create_table(
        "inbox_position",
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_inbox_position")),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_transaction",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("cl_ord_id", sa.String(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_ledger_transaction_transaction_id")),
    )
    op.create_index(
        op.f("ix_ledger_transaction_cl_ord_id"), "ledger_transaction", ["cl_ord_id"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_transaction_run_id"), "ledger_transaction", ["run_id"], unique=False
    )
    op.create_table(
        "ledger_leg",
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("quantity", Scaled(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transaction.transaction_id"],
            name=op.f("fk_ledger_leg_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "position", name=op.f("pk_ledger_leg")),
    )
    op.create_index(op.f("ix_ledger_leg_book_asset"), "ledger_leg", ["book", "asset"], unique=False)
    op.create_table(
        "balance",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("quantity", Scaled(), nullable=False),
        sa.PrimaryKeyConstraint("book", "asset", name=op.f("pk_balance")),
    )
    op.create_table(
        "lot",
        sa.Column("lot_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("security_id", sa.String(), nullable=False),
        sa.Column("quantity", Scaled(), nullable=False),
        sa.Column("basis", Scaled(), nullable=False),
        sa.Column("acquired", sa.Date(), nullable=False),
        sa.Column("source_file", sa.String(), nullable=True),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column("source_sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint("basis >= 0", name=op.f("ck_lot_basis_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_lot_quantity_positive")),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lot")),
    )
    op.create_index(
        op.f("ix_lot_account_id_security_id"), "lot", ["account_id", "security_id"], unique=False
    )


def _decisions() -> None:
    op.create_table(
        "approval_event",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_approval_event")),
    )
    op.create_index(op.f("ix_approval_event_run_id"), "approval_event", ["run_id"], unique=False)
    op.create_table(
        "kill_event",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_kill_event")),
    )
    op.create_table(
        "check_result",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_check_result")),
    )
    op.create_index(
        op.f("ix_check_result_run_id_batch"), "check_result", ["run_id", "batch"], unique=False
    )
    op.create_table(
        "break_found",
        sa.Column("number", RowNumber, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_break_found")),
    )
    op.create_index(op.f("ix_break_found_run_id"), "break_found", ["run_id"], unique=False)
