"""Every profile that docs/brokers.md prints is one that the gateway takes."""

import re
import tomllib
from pathlib import Path

from domain.allocations import AllocationMode
from domain.orders import Strategy
from gateway.session_file import write_session_config
from gateway.settings import load_settings

PAGE = Path(__file__).parents[2] / "docs" / "brokers.md"


def profiles_on_the_page() -> dict[str, dict[str, object]]:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    printed = "\n".join(block for block in blocks if "[venues." in block)
    return tomllib.loads(printed)["venues"]


def test_the_printed_profiles_are_taken_as_they_stand(tmp_path):
    tables = profiles_on_the_page()
    path = tmp_path / "fix.cfg"
    venues = dict.fromkeys(tables, ("127.0.0.1", 5001))
    write_session_config(path, venues, store=tmp_path / "store")
    with path.open("a") as file:
        file.write("\n[SESSION]\nSenderCompID=TRIMTABDC\nTargetCompID=ACME\n")
        file.write("SocketConnectHost=127.0.0.1\nSocketConnectPort=5001\n")
        file.write("CertificationAuthoritiesFile=ca.pem\n")
    text = path.read_text().replace(
        "TargetCompID=ACME", "TargetCompID=ACME\nCertificationAuthoritiesFile=ca.pem", 1
    )
    path.write_text(text)

    settings = load_settings(path, tables, {})

    acme = settings.profile("ACME").dialect
    assert acme.algos.keys() == set(Strategy)
    assert acme.algos[Strategy.POV].fixed == (("7604", "PASSIVE"),)
    assert [tag.tag for tag in acme.tags] == [57, 528, 9001]
    assert (acme.allocations, acme.list_orders) == (AllocationMode.AFTER, 100)
    assert acme.accounts == {"Z41-200417": "ACME-0017"}
    assert settings.profile("BROK").dialect.algos.keys() == set(Strategy)
