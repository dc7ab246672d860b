"""The door for strangers: one open test venue that asks for nothing and keeps nothing."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from simulator.config import Config, VenueConfig
from simulator.desk import VenueRules

SAMPLE_PORT = 5001
_PRICES = Path(__file__).with_name("sample_prices.csv")


def sample_config(directory: Path, port: int) -> Config:
    """XSIM on the port, CLIENT1 to CLIENT9, sequence numbers reset at each logon."""
    venue = VenueConfig(
        rules=VenueRules(name="XSIM", fee_per_share=Decimal("0.0030")),
        port=port,
        clients=tuple(f"CLIENT{number}" for number in range(1, 10)),
        prices=_PRICES,
        replenish_interval=timedelta(seconds=0.25),
        reset_on_logon=True,
        remote_addresses=("127.0.0.1",),
    )
    return Config(
        state_dir=directory,
        log_file=directory / "venues.log",
        clock_start=None,
        control_port=0,
        control_token_file=None,
        venues=(venue,),
    )
