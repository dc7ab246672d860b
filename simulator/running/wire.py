"""What recovery needs to know of FIX: messages of the journal as values, and back."""

from collections.abc import Mapping

from simulator.fix.codec import parse
from simulator.fix.dictionary import dictionary
from simulator.fix.profile import Version
from simulator.fix.translate import Unplayed, read_request
from simulator.fix.wording import body_of
from simulator.values.messages import Message
from simulator.values.requests import Request


class SessionWire:
    """By the version of each session, named VENUE/CLIENT."""

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self._versions = dict(versions)

    def request(self, session: str, raw: bytes) -> Request:
        """The request in a message that was taken before."""
        _, _, client = session.partition("/")
        version = self._versions.get(session, Version.FIX44)
        request = read_request(parse(raw), client, dictionary(version))
        assert not isinstance(request, Unplayed), "it was played then"
        return request

    def body(self, session: str, message: Message) -> bytes:
        """A message as it goes out, between its header and its checksum."""
        _, body = body_of(message, self._versions[session])
        return body.encode("latin-1", "replace")
