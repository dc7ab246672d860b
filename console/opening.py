"""Opening the vault for one command, while no service runs or while only reading.

A person waits for this: what a question does not need is not imported.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from console import audit_log
from console.clocks import RehearsalClock, SystemClock
from console.config import Config
from console.reading import VaultReading
from domain.audit import AuditEntry
from domain.errors import ConfigError
from domain.ports import Clock, Vault
from domain.runs import Run, Urgency
from oms import rules_in_force
from vault import SqlVault
from vault.export import verify_audit
from vault.rebuild import check_projections, rebuild

if TYPE_CHECKING:
    from console.service import VaultService
    from scheduler.residuals import ResidualPolicy
    from scheduler.triggers import TriggerSettings

Told = Callable[[Sequence[AuditEntry]], None]


@contextmanager
def open_vault(config: Config, told: Told = audit_log.tell) -> Iterator[SqlVault]:
    """The vault that `config` names; nobody is its writer yet.

    `told` hears what every commit added to the audit trail, and raises nothing.
    """
    vault = SqlVault(
        config.database.url,
        clock=SystemClock(),
        holder=config.service.holder,
        anchor_path=config.files.anchor,
        on_committed=told,
    )
    try:
        yield vault
    finally:
        vault.close()


def clock_of(config: Config, vault: Vault) -> Clock:
    """The machine's clock, or a rehearsal's, which does not go back when it is started again.

    It goes on from what was last written. Before a service has ever been started (none has put
    rules in force) it is as the configuration says: files may be ingested at any hour.
    """
    start = config.clock.start
    if start is None:
        return SystemClock()
    with vault.read() as view:
        latest = view.audit.latest() if rules_in_force.in_force(view) else None
    return RehearsalClock(start if latest is None else max(start, latest))


@contextmanager
def open_reading(config: Config) -> Iterator[VaultReading]:
    """Everything that may be asked, whether or not a service runs."""
    with open_vault(config) as vault:
        yield VaultReading(
            vault,
            clock_of(config, vault),
            partial(verify_audit, vault),
            partial(check_projections, vault),
        )


def rebuild_projections(config: Config, *, by: str, why: str) -> tuple[str, ...]:
    """Write what stands anew from the facts; gives what was not so, each in a sentence.

    Raises `LeaseHeldError` while a service runs.
    """
    with open_vault(config) as vault:
        vault.acquire()
        return rebuild(vault, by=by, why=why, at=clock_of(config, vault).now())


@contextmanager
def open_service(config: Config, *, write: bool) -> "Iterator[VaultService]":
    """Questions and wishes while no service runs; `write` takes the lease at once.

    Runs that are started or approved this way go on when the service starts.
    """
    # The scheduler's and the intake's libraries: only wishes need them.
    from console.risk_limits import risk_limits  # noqa: PLC0415
    from console.service import VaultService  # noqa: PLC0415
    from vault.intake import Intake  # noqa: PLC0415

    with open_vault(config) as vault:
        if write:
            vault.acquire()
        clock = clock_of(config, vault)
        yield VaultService(
            vault=vault,
            verify_audit=partial(verify_audit, vault),
            clock=clock,
            intake=Intake(config.layouts),
            triggers=_ByHand(config, vault, clock),
            check_projections=partial(check_projections, vault),
            venues=tuple(config.venues),
            limits=risk_limits(config),
            day=config.routing.day,
        )


class _ByHand:
    """Starts runs by hand; the exchange calendars are read for that alone."""

    def __init__(self, config: Config, vault: SqlVault, clock: Clock) -> None:
        self._config, self._vault, self._clock = config, vault, clock

    def fire(
        self, name: str, account_ids: Sequence[str], by: str, urgency: Urgency | None = None
    ) -> Run:
        """See `scheduler.ticker.Ticker.fire`."""
        from scheduler.ticker import Ticker  # noqa: PLC0415 - APScheduler, for this alone

        ticker = Ticker(self._vault, self._clock, triggers_of(self._config), lambda _run_id: None)
        return ticker.fire(name, account_ids, by, urgency)


def residuals_of(config: Config) -> "ResidualPolicy":
    """What becomes of residuals; raises `ConfigError` for a calendar that there is not."""
    from scheduler import triggers  # noqa: PLC0415 - the exchange calendars bring pandas
    from scheduler.residuals import ResidualPolicy  # noqa: PLC0415

    table = config.release.residuals
    if not table:
        return ResidualPolicy()
    found = triggers.from_table(table, where=f"{config.path}: release.residuals")
    assert isinstance(found.schedule, triggers.CalendarSchedule), "its kind is calendar"
    return ResidualPolicy(schedule=found.schedule)


def triggers_of(config: Config) -> "tuple[TriggerSettings, ...]":
    """The configured triggers; raises `ConfigError` for what they cannot be."""
    from scheduler import triggers  # noqa: PLC0415 - the exchange calendars bring pandas

    found = tuple(
        triggers.from_table(table.table, where=f"{config.path}:{table.line}")
        for table in config.triggers
    )
    names = [trigger.name for trigger in found]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{config.path}: two triggers are called {name!r}; rename one")
    return found
