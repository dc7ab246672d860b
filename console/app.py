"""The wiring: the one place that names concrete adapters and joins the rooms.

Nothing here decides anything. `serve` is the process, `console.before_start` looks before it
starts, `console.opening` serves the commands.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import FrameType

import structlog

from console.api import create_app
from console.api_server import ApiServer
from console.audience import Audience
from console.before_start import database_soundness
from console.config import Config
from console.fix_settings import gateway_settings
from console.heap import heap_trimmer
from console.log import close_logging, configure_logging
from console.opening import clock_of, open_vault, residuals_of, triggers_of
from console.pace import favour_the_wire
from console.risk_limits import risk_limits
from console.rules_at_start import rules_at_start
from console.run_walker import Lanes, RunWalker, is_open
from console.secrets_file import read_token
from console.service import (
    Heartbeat,
    RunningService,
    unfinished,
)
from console.tables import BASIS_POINTS
from domain.compliance import Force
from domain.errors import ExitCode, TrimtabError
from gateway.every import Every
from gateway.service import Gateway
from oms.abandoned import OnFailure
from oms.approval import ApprovalPolicy
from oms.blocks import BlockSettings
from oms.booking import Booking
from oms.compliance.compiled import is_linear
from oms.compliance.rules import Rule
from oms.doubts import raise_doubts
from oms.halt import take_back
from oms.release import Releaser
from oms.release_settings import ReleaseSettings
from scheduler.cluster import Cluster
from scheduler.desk import Desk
from scheduler.pool import OptimizerPool, Times
from scheduler.restricted import LOOK_SECONDS, RestrictedWatch
from scheduler.run import Runner
from scheduler.ticker import Ticker
from scheduler.watch import Watch
from vault.export import verify_audit
from vault.intake import Intake
from vault.rebuild import check_projections

BY_HAND_LOOK = timedelta(seconds=2)  # An order by hand is seen off for so long; then it works on.


def serve(config: Config) -> int:
    """Run the service until a signal or the API asks it to stop; returns the exit code."""
    configure_logging(
        config.files.log,
        level=config.log.level,
        max_megabytes=config.log.max_megabytes,
        keep=config.log.keep,
        terminal=sys.stdout,
    )
    log = structlog.get_logger("service")
    try:
        with ExitStack() as stack:
            service = _started(config, stack)
            favour_the_wire()
            _until_stopped(stack, heap_trimmer())
            log.info("service_started", holder=config.service.holder, pid=os.getpid())
            service.stop_asked.wait()
            log.info("service_stopping")
        log.info("service_stopped")
        if service.fenced is not None:
            raise service.fenced
    except TrimtabError as error:
        log.error("service_refused", detail=str(error))
        raise
    finally:
        close_logging()
    return ExitCode.OK


def _started(config: Config, stack: ExitStack) -> RunningService:
    """Start everything, from the database outwards; `stack` stops it in the reverse order."""
    database_soundness(config)
    settings, audience = gateway_settings(config), Audience()
    vault = stack.enter_context(open_vault(config, audience))
    vault.acquire()
    clock = clock_of(config, vault)
    started_at = clock.now()
    heartbeat = Heartbeat(vault.renew)
    _until_stopped(stack, heartbeat)
    with vault.write() as uow:
        raise_doubts(uow, clock.now())
        kills = uow.kills.active()
    take_back(vault, kills, at=clock.now())
    times = Times(account=config.service.account_seconds, run=config.service.run_seconds)
    address = config.service.scheduler_address
    workers = Cluster(address) if address else config.service.workers
    pool = stack.enter_context(OptimizerPool(workers, times=times))
    pool.warm_up()
    booking = Booking(settings.ways, settings.hearings)
    gateway = Gateway(vault, booking, clock, settings, structlog.get_logger("gateway"))
    stack.callback(gateway.stop)
    gateway.start()
    limits = risk_limits(config)
    desk = _desk(config, rules_at_start(vault, config.rules, clock.now()))
    pool.use_rules(_compiled_rules(config, desk.rules))

    usual = replace(_release_settings(config), ways=settings.ways)
    releasers = [
        Releaser(vault, gateway, clock, one, limits)
        for one in (usual, replace(usual, wave_timeout=BY_HAND_LOOK))
    ]
    runners = [
        Runner(
            vault=vault,
            clock=clock,
            optimizer=pool,
            desk=desk,
            releaser=releaser,
            copied=gateway.copied,
        )
        for releaser in releasers
    ]
    lanes = Lanes(vault, *(RunWalker(one, clock, partial(is_open, vault)) for one in runners))
    for stop in (lanes.stop, *(releaser.stop for releaser in releasers)):
        stack.callback(stop)
    watch = Watch(vault, clock, desk.rules, pool.check_portfolios)

    def use_rules(rules: Sequence[Rule]) -> None:
        for runner in runners:
            runner.use_rules(rules)
        pool.use_rules(_compiled_rules(config, rules))
        watch.use_rules(rules)

    runners[0].hand_over_to(lanes.hand_over)
    ticker = Ticker(vault, clock, triggers_of(config), lanes.hand_over, since=started_at)
    service = RunningService(
        vault=vault,
        verify_audit=partial(verify_audit, vault),
        check_projections=partial(check_projections, vault),
        clock=clock,
        intake=Intake(config.layouts),
        ticker=ticker,
        walker=lanes,
        wire=gateway,
        use_rules=use_rules,
        watch=watch,
        venues=tuple(config.venues),
        limits=limits,
        day=config.routing.day,
        holder=config.service.holder,
        heartbeat=heartbeat,
    )
    _listen_to_signals(service)
    for run_id in unfinished(vault):
        lanes.hand_over(run_id)
    _listen(audience, lanes)
    api = ApiServer(create_app(service, read_token(config.files.token)), config.api)
    stack.callback(api.stop)
    api.start()
    interval = timedelta(seconds=float(config.service.tick_seconds))
    _look_again_and_again(stack, interval, ticker, watch)
    restricted = RestrictedWatch(vault, clock, gateway.wake)
    _until_stopped(stack, Every("restricted", LOOK_SECONDS, restricted.try_to_look))
    return service


def _listen(audience: Audience, lanes: Lanes) -> None:
    """Runs are walked from now on, and hear of the orders that they wait for."""
    audience.join(lanes.heard)
    lanes.start()


def _until_stopped(stack: ExitStack, every: Every) -> None:
    every.start()
    stack.callback(every.stop)


def _look_again_and_again(stack: ExitStack, interval: timedelta, *looks: Ticker | Watch) -> None:
    for look in looks:
        stack.callback(look.stop)
        look.start(interval)


def _desk(config: Config, rules: tuple[Rule, ...]) -> Desk:
    return Desk(
        rules=rules,
        policy=ApprovalPolicy(
            max_orders=config.approval.max_orders, max_notional=config.approval.max_notional
        ),
        blocks=BlockSettings(limit_collar=config.release.limit_collar_bps / BASIS_POINTS),
        routing=config.routing,
        venues=frozenset(config.venues),
        residuals=residuals_of(config),
    )


def _compiled_rules(config: Config, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Those that the optimizer keeps itself: linear ones that block."""
    if not config.optimizer.compile_rules:
        return ()
    return tuple(rule for rule in rules if is_linear(rule) and rule.force is not Force.SOFT)


def _release_settings(config: Config) -> ReleaseSettings:
    return ReleaseSettings(
        wave_timeout=timedelta(seconds=float(config.release.wave_timeout_seconds)),
        cash_cushion=config.release.cash_cushion,
        on_failure=OnFailure(config.release.on_failure),
    )


def _listen_to_signals(service: RunningService) -> None:
    """After quickfix is imported, which takes SIGINT for itself."""

    def stop(number: int, _frame: FrameType | None) -> None:
        service.stop(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
