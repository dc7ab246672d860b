"""A venue as the program runs it: an exchange, its journal, and what is not durable yet."""

from datetime import datetime
from pathlib import Path

from simulator.config import VenueConfig
from simulator.desk import Outcome
from simulator.endofday import write_end_of_day
from simulator.instruments import read_instruments
from simulator.journal import Journal
from simulator.plain_exchange import Exchange
from simulator.reports import NO_EXECUTION, Message, Report
from simulator.requests import Request


class Venue:
    """Collects outcomes; `commit` makes them durable and gives what may be sent now."""

    def __init__(self, config: VenueConfig, state_dir: Path) -> None:
        self.config = config
        self.directory = state_dir / config.rules.name
        self._journal = Journal(self.directory / "journal.jsonl")
        recovered = self._journal.recover()
        self.received = recovered.received
        self.latest = recovered.latest
        self.perhaps_unsent = tuple(filter(_is_kept, recovered.last_messages))
        self.exchange = Exchange(config.rules, read_instruments(config.prices), recovered.past)
        self._standing = recovered.past.standing
        self._outcomes: list[Outcome] = []
        self._heard = False
        self._next_step: datetime | None = None

    @property
    def name(self) -> str:
        return self.config.rules.name

    def take(self, request: Request, sequence: int, now: datetime) -> None:
        """Answer a request; its sequence number becomes durable with the answer."""
        self.received[request.client] = sequence
        self._heard = True
        self.add(self.exchange.handle(request, now))

    def reset_sequence(self, client: str) -> None:
        """The client's numbers begin again at 1."""
        self.received[client] = 0
        self._heard = True

    def step_if_due(self, now: datetime) -> None:
        """One step for each interval that begins; a process that slept does not catch up."""
        if self._next_step is None or now >= self._next_step:
            self._next_step = now + self.config.replenish_interval
            self.add(self.exchange.step(now))

    def add(self, outcome: Outcome) -> None:
        """Keep what a call came to until the next commit."""
        if outcome.messages or outcome.orders or outcome.standing != self._standing:
            self._standing = outcome.standing
            self._outcomes.append(outcome)

    def commit(self) -> tuple[Message, ...]:
        """On disk first; then these messages may go out."""
        if not self._outcomes and not self._heard:
            return ()
        outcomes, self._outcomes, self._heard = self._outcomes, [], False
        self._journal.write(outcomes, self.received)
        return tuple(message for outcome in outcomes for message in outcome.messages)

    def write_end_of_day(self, now: datetime) -> Path:
        """The witness file of the present trade date, from the journal."""
        trade_date = self.config.rules.moment(now).trade_date
        return write_end_of_day(self.directory, self.name, trade_date, self._journal.trades())

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()


def _is_kept(message: Message) -> bool:
    """Answers to status requests are not sent again: the client will ask again."""
    return not isinstance(message, Report) or message.exec_id != NO_EXECUTION
