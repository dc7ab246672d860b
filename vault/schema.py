"""The store's tables: facts that are only ever added, and beside them what stands now.

A projection (run, order_state, order_fill, lot, balance, outbox_waiting, inbox_position) is
written in the same transaction as its facts and can be rebuilt from them. A
change here needs a migration; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    text,
)

from domain.cases import CaseEntry
from domain.codec import keep_last_text
from domain.compliance import CheckResult
from domain.orders import ExecutionReport, OrderIntent
from domain.overrides import GivenOverride
from domain.postings import Break, Transaction
from domain.rule_sets import RuleSet
from domain.runs import Approval, Run
from vault.metadata import APPEND_ONLY, metadata
from vault.order_head import OrderHead
from vault.types import Canonical, Instant, RawText, RowNumber, Scaled, Uuid

for _kind in (ExecutionReport, OrderIntent, Transaction):
    keep_last_text(_kind)

writer_lease = Table(
    "writer_lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", String),  # Null after an orderly release.
    Column("since", Instant),
    Column("expires_at", Instant),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("sequence", RowNumber, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    CheckConstraint("sequence > 0", name="sequence_positive"),
    info=APPEND_ONLY,
)

run_change = Table(
    "run_change",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("run_id", Uuid, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("value", Canonical(Run), nullable=False),
    info=APPEND_ONLY,
)

run = Table(
    "run",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("trigger", String, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("started_at", Instant, nullable=False, index=True),
    Column("value", Canonical(Run), nullable=False),
)

run_step = Table(
    "run_step",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.run_id"), nullable=False),
    Column("step", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("document", Text, nullable=False),
    Index(None, "run_id", "step"),
    info=APPEND_ONLY,
)

fired = Table(
    "fired",
    metadata,
    Column("trigger", String, primary_key=True),
    Column("due", Instant, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("snapshot_id", String(64), primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # zlib of the canonical text.
    info=APPEND_ONLY,
)

order_intent = Table(
    "order_intent",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("cl_ord_id", String, nullable=False, unique=True),
    Column("run_id", Uuid, nullable=False, index=True),
    Column("value", Canonical(OrderIntent), nullable=False),
    info=APPEND_ONLY,
)

# Every ClOrdID that ever named an order, with the ClOrdID of its intent.
order_name = Table(
    "order_name",
    metadata,
    Column("cl_ord_id", String, primary_key=True),
    Column("intent_id", String, ForeignKey("order_intent.cl_ord_id"), nullable=False, index=True),
    info=APPEND_ONLY,
)

order_event = Table(
    "order_event",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("intent_id", String, ForeignKey("order_intent.cl_ord_id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Text, nullable=False),
    info=APPEND_ONLY,
)

order_state = Table(
    "order_state",
    metadata,
    Column("cl_ord_id", String, ForeignKey("order_intent.cl_ord_id"), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),  # The intent's.
    Column("run_id", Uuid, nullable=False, index=True),
    Column("venue", String, nullable=False),
    Column("security_id", String, nullable=False),
    Column("side", String, nullable=False),
    Column("status", String, nullable=False),
    Column("is_open", Boolean(create_constraint=False), nullable=False),
    Column("in_doubt", Boolean(create_constraint=False), nullable=False),
    Column("order_qty", Scaled, nullable=False),
    Column("cum_qty", Scaled, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("value", Canonical(OrderHead), nullable=False),
    Index(
        "ix_order_state_open",
        "number",
        sqlite_where=text("is_open"),
        postgresql_where=text("is_open"),
    ),
)

# The fills that stand, in their order: a correction or a bust writes an order's anew.
order_fill = Table(
    "order_fill",
    metadata,
    Column("cl_ord_id", String, ForeignKey("order_state.cl_ord_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("exec_id", String, nullable=False),
    Column("trade_date", Date, nullable=False),
    Column("quantity", Scaled, nullable=False),
    Column("price", Scaled, nullable=False),
    Column("commission", Scaled, nullable=False),
)

order_entry = Table(
    "order_entry",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("cl_ord_id", String, ForeignKey("order_intent.cl_ord_id"), nullable=False, unique=True),
    Column("at", Instant, nullable=False, index=True),
    Column("trade_date", Date, nullable=False),
    Column("likeness", String(64), nullable=False),
    info=APPEND_ONLY,
)

order_entry_part = Table(
    "order_entry_part",
    metadata,
    Column("cl_ord_id", String, ForeignKey("order_entry.cl_ord_id"), primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("trade_date", Date, nullable=False, index=True),
    Column("strategy", String, nullable=False),
    Column("notional", Scaled, nullable=False),
    info=APPEND_ONLY,
)

change_entry = Table(
    "change_entry",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("cl_ord_id", String, nullable=False),
    Column("intent_id", String, ForeignKey("order_intent.cl_ord_id"), nullable=False, index=True),
    Column("account_id", String, nullable=False),
    Column("trade_date", Date, nullable=False, index=True),
    Column("strategy", String, nullable=False),
    Column("notional", Scaled, nullable=False),
    UniqueConstraint("cl_ord_id", "account_id"),
    info=APPEND_ONLY,
)

execution = Table(
    "execution",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("venue", String, nullable=False),
    Column("trade_date", Date, nullable=False),
    Column("exec_id", String, nullable=False),
    Column("cl_ord_id", String, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("value", Canonical(ExecutionReport), nullable=False),
    UniqueConstraint("venue", "trade_date", "exec_id"),
    info=APPEND_ONLY,
)

outbox_message = Table(
    "outbox_message",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("venue", String, nullable=False),
    Column("cl_ord_id", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Text, nullable=False),
    Index(  # A ClOrdID is used once; asking for the status uses it again.
        "uq_outbox_message_cl_ord_id",
        "cl_ord_id",
        unique=True,
        sqlite_where=text("kind <> 'StatusRequest'"),
        postgresql_where=text("kind <> 'StatusRequest'"),
    ),
    info=APPEND_ONLY,
)

outbox_outcome = Table(
    "outbox_outcome",
    metadata,
    Column("number", RowNumber, ForeignKey("outbox_message.number"), primary_key=True),
    Column("outcome", String, nullable=False),  # "handed" to the engine, or "withdrawn".
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)

outbox_waiting = Table(
    "outbox_waiting",
    metadata,
    Column("number", RowNumber, ForeignKey("outbox_message.number"), primary_key=True),
    Column("venue", String, nullable=False, index=True),
)

# What was said between us and the brokers about a block's accounts.
allocation_fact = Table(
    "allocation_fact",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("order_id", String, nullable=False, index=True),  # The intent's ClOrdID; "": unknown.
    Column("name", String, nullable=False),  # AllocID, or AllocReportID.
    Column("venue", String),
    Column("kind", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Text, nullable=False),
    Index(None, "name", "kind"),
    Index(None, "kind", "venue"),
    info=APPEND_ONLY,
)

inbox_message = Table(
    "inbox_message",
    metadata,
    Column("session", String, primary_key=True),
    Column("epoch", Integer, primary_key=True),  # Counts the venue's sequence resets.
    Column("sequence", BigInteger, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("raw", RawText, nullable=False),
    info=APPEND_ONLY,
)

inbox_reset = Table(
    "inbox_reset",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("session", String, nullable=False, index=True),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)

inbox_quarantine = Table(
    "inbox_quarantine",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("session", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("raw", RawText, nullable=False),
    Column("why", RawText, nullable=False),
    info=APPEND_ONLY,
)

inbox_position = Table(
    "inbox_position",
    metadata,
    Column("session", String, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)


def is_rare() -> TextClause:
    """Transactions of the kinds that are few and looked for by it; to be said in each query."""
    return text("kind in ('opening', 'split', 'wash_sale')")


ledger_transaction = Table(
    "ledger_transaction",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("transaction_id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("trade_date", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("run_id", Uuid, index=True),
    Column("cl_ord_id", String, index=True),
    Column("value", Canonical(Transaction), nullable=False),
    Index("ix_ledger_transaction_rare", "kind", sqlite_where=is_rare(), postgresql_where=is_rare()),
    info=APPEND_ONLY,
)

# Of the legs only those by which a transaction is looked for: see `vault.legs`.
ledger_leg = Table(
    "ledger_leg",
    metadata,
    Column(
        "transaction_id",
        String,
        ForeignKey("ledger_transaction.transaction_id"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True),
    Column("book", String, nullable=False),
    Column("asset", String, nullable=False),
    Column("quantity", Scaled, nullable=False),
    Index(None, "book", "asset"),
    info=APPEND_ONLY,
)

balance = Table(
    "balance",
    metadata,
    Column("book", String, primary_key=True),
    Column("asset", String, primary_key=True),
    Column("quantity", Scaled, nullable=False),
)

lot = Table(
    "lot",
    metadata,
    Column("lot_id", String, primary_key=True),
    Column("account_id", String, nullable=False),
    Column("security_id", String, nullable=False),
    Column("quantity", Scaled, nullable=False),
    Column("basis", Scaled, nullable=False),
    Column("acquired", Date, nullable=False),
    Column("source_file", String),
    Column("source_line", Integer),
    Column("source_sha256", String(64)),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("basis >= 0", name="basis_not_negative"),
    Index(None, "account_id", "security_id"),
)

approval_event = Table(
    "approval_event",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("run_id", Uuid, nullable=False, index=True),
    Column("status", String, nullable=False),
    Column("value", Canonical(Approval), nullable=False),
    info=APPEND_ONLY,
)

rule_set = Table(
    "rule_set",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("value", Canonical(RuleSet), nullable=False),
    info=APPEND_ONLY,
)

kill_event = Table(
    "kill_event",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("scope", String, nullable=False),
    Column("name", String, nullable=False),
    Column("is_set", Boolean(create_constraint=False), nullable=False),
    Column("by", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)

check_result = Table(
    "check_result",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("batch", Integer, nullable=False),  # One call of `add_checks`.
    Column("rule_id", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Canonical(CheckResult), nullable=False),
    Index(None, "run_id", "batch"),
    info=APPEND_ONLY,
)

break_found = Table(
    "break_found",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("run_id", Uuid, index=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Canonical(Break), nullable=False),
    info=APPEND_ONLY,
)

case_event = Table(
    "case_event",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("case_id", String, nullable=False, index=True),
    Column("what", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Canonical(CaseEntry), nullable=False),
    info=APPEND_ONLY,
)

override_given = Table(
    "override_given",
    metadata,
    Column("number", RowNumber, primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.run_id"), nullable=False, index=True),
    Column("rule_id", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("until", Date, index=True),  # Null: that run only.
    Column("at", Instant, nullable=False),
    Column("value", Canonical(GivenOverride), nullable=False),
    info=APPEND_ONLY,
)
