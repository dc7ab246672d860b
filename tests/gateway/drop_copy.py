"""Settings of a venue with a session for orders and one for copies."""

from gateway.session_file import write_session_config
from gateway.settings import load_settings

ORDERS, COPIES = "FIX.4.4:TRIMTAB->XSIM", "FIX.4.4:TRIMTABDC->XSIM"


def settings_with_copy(directory, port, copy_port, *, environment=None, **table):
    path = directory / "fix.cfg"
    write_session_config(path, {"XSIM": ("127.0.0.1", port)}, store=directory / "fix")
    with path.open("a") as file:
        file.write(
            "\n[SESSION]\nSenderCompID=TRIMTABDC\nTargetCompID=XSIM\n"
            f"SocketConnectHost=127.0.0.1\nSocketConnectPort={copy_port}\n"
        )
    values = {"session": ORDERS, "throttle": 1000, "drop_copy": COPIES, **table}
    return load_settings(path, {"XSIM": values}, environment or {})
