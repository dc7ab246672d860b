"""What must hold before the service starts: one line for each, with what to do where it fails."""

from collections.abc import Callable
from dataclasses import replace

from console.config import Config
from console.fix_settings import gateway_settings
from console.opening import clock_of, open_reading, open_vault, triggers_of
from console.rules_at_start import rules_words
from console.secrets_file import read_token
from console.service_port import CheckLine
from domain.errors import ConfigError, InvariantError, TrimtabError
from gateway.filestore import check_store
from oms.blocks import directed
from vault.intake import Intake
from vault.preflight import problems


def check(config: Config) -> tuple[CheckLine, ...]:
    """Everything that must hold before start, each with what was found and what to do."""
    looks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("configuration", lambda: str(config.path), ""),
        ("database", lambda: database_soundness(config), "do not trade before it holds"),
        (
            "books",
            lambda: _books_words(config),
            "do not trade; tell the developers, then `trimtab rebuild`, or restore the database",
        ),
        ("rules", lambda: _rules_words(config), "mend the rule file; nothing of it is in force"),
        ("layouts", lambda: _layouts_words(config), "mend the layout file"),
        (
            "book",
            lambda: _book_words(config),
            "name each venue in the configuration, or correct it",
        ),
        ("triggers", lambda: _trigger_words(config), "mend [[trigger]]"),
        ("FIX sessions", lambda: _session_words(config), "mend the session file or its store"),
        ("secrets", lambda: _secret_words(config), "a token that is gone: run `trimtab init`"),
    )
    lines = tuple(_look(name, look, remedy) for name, look, remedy in looks)
    database = next(line for line in lines if line.name == "database")
    return tuple(_after(database, line) for line in lines)


def _after(database: CheckLine, line: CheckLine) -> CheckLine:
    """A line that fails for the database's own reason has the remedy of that one."""
    if line.ok or database.ok or line is database or line.message not in database.message:
        return line
    return replace(line, remedy="mend the database first")


def _look(name: str, look: Callable[[], str], remedy: str) -> CheckLine:
    try:
        return CheckLine(name=name, ok=True, message=look())
    except (TrimtabError, OSError) as error:
        return CheckLine(
            name=name, ok=False, message="; ".join(str(error).split("\n")), remedy=remedy
        )


def database_soundness(config: Config) -> str:
    """What holds of the database, in words; raises `ConfigError` with all that does not."""
    found = problems(config.database.url, anchor_path=config.files.anchor)
    if found:
        raise ConfigError("; ".join(found))
    return "schema, durability and audit chain hold"


def _books_words(config: Config) -> str:
    with open_reading(config) as service:
        verdict = service.books_verify()
    if not verdict.balanced:
        raise InvariantError(verdict.message)
    return verdict.message


def _rules_words(config: Config) -> str:
    with open_vault(config) as vault:
        return rules_words(vault, config.rules)


def _layouts_words(config: Config) -> str:
    Intake(config.layouts)
    return f"column maps in {config.layouts} can be used"


def _book_words(config: Config) -> str:
    """What there is to trade; accounts in quarantine are said, and keep nobody from starting."""
    with open_vault(config) as vault, vault.read() as view:
        book = view.snapshots.take(clock_of(config, vault).now().date())
    strange = [one for one in book.securities if one.venue not in config.venues]
    if strange:
        raise ConfigError(
            f"{strange[0].symbol} is traded at {strange[0].venue}, which is no [venues] of"
            f" {config.path.name} ({len(strange)} of {len(book.securities)} securities)"
        )
    for account, venue in sorted(directed(book).items()):
        if venue not in config.venues:
            raise ConfigError(
                f"{account} directed its brokerage to {venue}, which is no [venues] of"
                f" {config.path.name}; name it there, or correct the fact directed_to"
            )
    if not (book.securities or book.accounts):
        return "no securities and no accounts are ingested yet"
    found = [f for f in book.findings if f.account_id and f.check != "not_taken_over"]
    first = f" ({found[0].account_id}: {found[0].message})" if found else ""
    return (
        f"accounts: {len(book.accounts)}, securities: {len(book.securities)},"
        f" in quarantine: {len({f.account_id for f in found})}{first}"
    )


def _trigger_words(config: Config) -> str:
    return ", ".join(trigger.name for trigger in triggers_of(config)) or "none: runs start by hand"


def _session_words(config: Config) -> str:
    settings = gateway_settings(config)
    with open_vault(config) as vault, vault.read() as view:
        for connection in settings.connections:
            name = connection.session.name
            check_store(connection.session, view.inbox.durable_sequence(name))
    return f"{len(settings.connections)} sessions; sequence numbers agree with what is booked"


def _secret_words(config: Config) -> str:
    read_token(config.files.token)
    return "the API's token is its owner's alone"
