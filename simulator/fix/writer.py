"""The outgoing half of a session: numbers, headers, what is kept, and resends."""

from simulator.fix.codec import SOH, encode
from simulator.fix.instant import Instant, stamped
from simulator.fix.profile import SessionProfile
from simulator.fix.resend import Resend, taken_apart
from simulator.fix.store import Store

_MOST_WAITING = 1000


class Writer:
    """Collects whole messages in `out`; while `open` is False they are only kept."""

    def __init__(self, profile: SessionProfile, store: Store) -> None:
        self.out: list[bytes] = []
        self.open = False
        self.choked = False  # Too much waits for a client that does not read.
        self.wrote_at = 0.0  # Seconds.
        self._store = store
        self._begin_string = profile.version.begin_string
        self._names = (profile.venue, profile.client)
        self._resend: Resend | None = None
        self._waiting: list[tuple[str, str]] = []  # Held back while a resend is under way.
        self._last = b""

    def begin(self, seconds: float) -> None:
        """A new connection."""
        self.wrote_at = seconds
        self.choked = False
        self.forget()

    def forget(self) -> None:
        """The connection is gone, or the numbers begin anew: nothing is under way."""
        self._resend = None
        self._waiting.clear()

    def send(self, kind: str, body: str, now: Instant) -> bytes:
        """An application message: numbered, kept, and on its way when the connection is open."""
        number = self._store.next_out
        raw = encode(self._begin_string, self._header(kind, number, now) + body)
        self._store.append(number, raw)
        self._store.next_out = number + 1
        self._last = raw
        if self.open and self._resend is None:
            self.out.append(raw)
            self.wrote_at = now.seconds
        return raw

    def send_admin(self, kind: str, body: str, now: Instant) -> None:
        """A message of the session layer: numbered, not kept. It waits for a resend to end."""
        if self._resend is None:
            self.send_at_once(kind, body, now)
        elif len(self._waiting) < _MOST_WAITING:
            self._waiting.append((kind, body))
        else:
            self.choked = True

    def send_at_once(self, kind: str, body: str, now: Instant) -> None:
        """The same, whatever is under way: Logons and last words."""
        number = self._store.next_out
        self._store.next_out = number + 1
        self.send_as(number, kind, body, now)

    def send_as(self, number: int, kind: str, body: str, now: Instant) -> None:
        """With a number of the caller's."""
        self.out.append(encode(self._begin_string, self._header(kind, number, now) + body))
        self.wrote_at = now.seconds

    def repeat_last(self, now: Instant, *, possible_duplicate: bool) -> None:
        """The last application message once more: its number and PossDupFlag, or a new number."""
        if not self._last:
            return
        kind, sent_at, body = taken_apart(self._last)
        if not possible_duplicate:
            self.send(kind, body, now)
        elif self.open:
            number = int(self._last.split(b"\x01", 4)[3][3:])
            self.send_as(number, kind, f"43=Y{SOH}122={sent_at}{SOH}{body}", now)

    @property
    def busy(self) -> bool:
        """Whether `more` has something to write."""
        return self._resend is not None

    def resend(self, first: int, last: int, now: Instant) -> None:
        """Begin to send again what was said from `first` to `last`."""
        following = self._store.next_out
        if self._resend is not None:  # What it has not got to yet is not forgotten.
            first, last = min(first, self._resend.next), following - 1
        self._resend = Resend(self._store, first, last, following, self._begin_string)
        self.more(now)

    def more(self, now: Instant) -> None:
        """The next page of a resend."""
        if self._resend is None:
            return
        self.out += self._resend.page(lambda kind, number: self._header(kind, number, now))
        self.wrote_at = now.seconds
        if self._resend.done:
            self._resend = None
            waiting, self._waiting = self._waiting, []
            for kind, body in waiting:
                self.send_at_once(kind, body, now)

    def _header(self, kind: str, number: int, now: Instant) -> str:
        venue, client = self._names
        return (
            f"35={kind}\x0134={number}\x0149={venue}\x0152={stamped(now.wall)}\x0156={client}\x01"
        )
