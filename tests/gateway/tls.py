"""A door with TLS before a venue, made of Python's own ssl, and certificates for both ends."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

_PATIENCE_SECONDS = 5


class Authority:
    """A private certification authority, and what it signs, as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._authority = trustme.CA()
        self.certificate = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.certificate))

    def issue(self, name: str, *, expired: bool = False) -> tuple[Path, Path]:
        """Certificate and key for `name`."""
        until = datetime.now(UTC) + timedelta(days=-1 if expired else 1)
        issued = self._authority.issue_cert(
            name, not_before=until - timedelta(days=2), not_after=until
        )
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        issued.private_key_pem.write_to_path(str(key))
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return certificate, key


class Relay:
    """Listens, and hands the bytes of each connection to another; `refused` tells whose not."""

    def __init__(self) -> None:
        """Whatever `_accept` needs is set before."""
        self.refused: list[str] = []
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, name="tls-relay")]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                heard, _ = self._listener.accept()
            except OSError:
                return
            self._take(heard)

    def _take(self, heard: socket.socket) -> None:
        """Join it with its other end, or say in `refused` why not."""
        raise NotImplementedError

    def _join(self, one: socket.socket, other: socket.socket) -> None:
        self._ends += (one, other)
        for ends in ((one, other), (other, one)):
            thread = threading.Thread(target=pump, args=ends, name="tls-pump")
            self._threads.append(thread)
            thread.start()


class TlsDoor(Relay):
    """Ends TLS and hands the bytes to a venue's port."""

    def __init__(self, venue_port: int, own: tuple[Path, Path], clients: Path | None) -> None:
        """`clients` is the authority whose clients are let in; None asks for no certificate."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*own)
        if clients is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients)
        self._venue_port = venue_port
        super().__init__()

    def _take(self, heard: socket.socket) -> None:
        heard.settimeout(_PATIENCE_SECONDS)
        try:
            safe = self._context.wrap_socket(heard, server_side=True)
            safe.settimeout(None)
            # TLS 1.3 refuses a client's certificate only after the handshake: the first read tells.
            self._join(safe, socket.create_connection(("127.0.0.1", self._venue_port)))
        except OSError as error:  # An SSLError is one.
            self.refused.append(str(error))
            heard.close()


class NameCheckingProxy(Relay):
    """What stunnel does as a client, made of Python's ssl: clear in here, TLS with names out."""

    def __init__(self, door_port: int, authority: Path, host: str, own: tuple[Path, Path] | None):
        """`host` must be in the certificate of the door, which `authority` signed."""
        self._context = ssl.create_default_context(cafile=authority)
        if own is not None:
            self._context.load_cert_chain(*own)
        self._door_port, self._host = door_port, host
        super().__init__()

    def _take(self, heard: socket.socket) -> None:
        raw = socket.create_connection(("127.0.0.1", self._door_port))
        try:
            safe = self._context.wrap_socket(raw, server_hostname=self._host)
        except OSError as error:  # An SSLError is one.
            self.refused.append(str(error))
            raw.close()
            heard.close()
        else:
            self._join(heard, safe)


def pump(source: socket.socket, sink: socket.socket) -> None:
    """From one to the other until an end goes away; then both are hung up."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class ClearListener:
    """Listens without TLS and keeps what it hears."""

    def __init__(self) -> None:
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, name="clear-listener")
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.heard += connection.recv(65536)
