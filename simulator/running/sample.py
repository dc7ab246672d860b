"""The door for strangers: one open test venue that asks for nothing and keeps nothing."""

from decimal import Decimal
from pathlib import Path

from simulator.exchange.rules import Rules
from simulator.running.config import Config
from simulator.running.session_config import SessionConfig
from simulator.running.venue_config import VenueConfig

SAMPLE_PORT = 5001
_PRICES = Path(__file__).parents[1] / "sample_prices.csv"


def sample_config(directory: Path, port: int, *, scenario: str = "") -> Config:
    """XSIM on the port, CLIENT1 to CLIENT9, sequence numbers reset at each logon."""
    venue = VenueConfig(
        rules=Rules(name="XSIM", fee_per_share=Decimal("0.0030")),
        name="XSIM",
        port=port,
        sessions=tuple(
            SessionConfig(client=f"CLIENT{number}", reset_on_logon=True) for number in range(1, 10)
        ),
        prices=_PRICES,
        scenario=scenario,
    )
    return Config(
        state_dir=directory, log_file=directory / "venues.log", venues=(venue,), durable=False
    )
