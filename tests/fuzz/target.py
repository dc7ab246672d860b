"""What is attacked: a gateway with the real vault and the real books behind it, in this process."""

import io
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import structlog

from benchmarks import plain_run
from domain.orders import Order, OrderIntent
from domain.postings import Transaction, TransactionKind
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from oms.booking import Booking
from tests.chaos.book import VENUES, Book, read_names
from tests.fuzz.venue import PATIENCE_SECONDS, HostileVenue
from vault.export import verify_audit
from vault.rebuild import check_projections
from vault.store import SqlVault

VENUE = VENUES[0]
SESSION = f"FIX.4.4:TRIMTAB->{VENUE}"
_BOOK = Book(1, read_names())
_RUN = 1


class Now:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Target:
    """A running gateway and a venue that it trusts. Use it as a context."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self.venue = HostileVenue(name=VENUE)
        self.events: list[dict[str, Any]] = []
        self.fatal: list[str] = []
        self.vault = SqlVault(
            database_url, clock=Now(), holder="fuzz", anchor_path=directory / "anchor"
        )
        path = directory / "sessions.cfg"
        doors = {VENUE: ("127.0.0.1", self.venue.port)}
        write_session_config(path, doors, store=directory / "fix")
        settings = load_settings(path, {VENUE: {"session": SESSION, "throttle": 1000}}, {})
        # Status requests would only add to what is under way.
        settings = replace(settings, acknowledgement_seconds=600.0)
        log = structlog.wrap_logger(structlog.PrintLogger(io.StringIO()), processors=[self._keep])
        self.gateway = Gateway(self.vault, Booking(), Now(), settings, log, fatal=self.fatal.append)

    def __enter__(self) -> Self:
        self._begin_run()
        self.gateway.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.venue.hang_up()  # The engine does not wait for a farewell then.
        self.gateway.stop()
        self.vault.close()
        self.venue.__exit__()

    def _keep(self, _logger: object, _method: str, event: dict[str, Any]) -> str:
        self.events.append(event)
        raise structlog.DropEvent

    def _begin_run(self) -> None:
        at = Now().now()
        with self.vault.write() as uow:
            plain_run.begin(uow, _BOOK.run(_RUN, at), _BOOK.snapshot(_RUN), at)

    def order(self) -> OrderIntent:
        """Commit one order for the venue, log on, and read it there."""
        intents = _BOOK.intents(_RUN, Now().now())
        intent = next(one for one in intents if one.venue == VENUE)
        with self.vault.write() as uow:
            uow.orders.add(intent)
            uow.outbox.queue(VENUE, intent, Now().now())
        self.venue.log_on()
        self.gateway.wake()
        while self.venue.hear()[35] != "D":
            pass
        return intent

    def settle(self) -> None:
        """Wait until everything that the venue said is in the books."""
        last = self.venue.next_out - 1
        self.until(lambda: self.gateway.sessions()[0].durable_target >= last, f"message {last}")

    def until(self, fact: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not fact():
            assert not self.fatal, self.fatal
            assert time.monotonic() < deadline, f"{what} did not happen"
            time.sleep(0.01)

    # What the books say

    def ledger(self) -> tuple[Transaction, ...]:
        with self.vault.read() as view:
            return view.ledger.all()

    def fills(self) -> tuple[Transaction, ...]:
        """Every execution that was posted, on orders of ours or on unknown ones."""
        return tuple(t for t in self.ledger() if t.kind is TransactionKind.FILL)

    def quarantined(self) -> set[int]:
        """Sequence numbers of what was kept raw."""
        with self.vault.read() as view:
            return {sequence for _, sequence, _, _ in view.inbox.quarantined()}

    def stored(self, cl_ord_id: str) -> Order:
        with self.vault.read() as view:
            order = view.orders.get(cl_ord_id)
        assert order is not None
        return order

    def require_sound(self) -> None:
        """Nothing crashed, the books balance, and every projection is its fold."""
        assert self.fatal == []
        assert check_projections(self.vault) == ()
        assert verify_audit(self.vault) is None
