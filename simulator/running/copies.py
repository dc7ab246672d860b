"""Drop copies: every report of the named clients again, on a session of somebody else.

A copy says what the original said, that it is one (CopyMsgIndicator 797), and whose order it was
(a party with PartyRole 13, the order's firm). Answers to status requests are not copied: nothing
happened. Faults of a venue do not touch its copies, so that a client can compare.
"""

from collections.abc import Mapping

from simulator.values.messages import NO_EXECUTION, CancelRejected, Message, Report


class DropCopies:
    """The copying sessions of one venue."""

    def __init__(self, clients: Mapping[str, tuple[str, ...]]) -> None:
        """`clients`: for each copying session, whose reports it gets; an empty tuple is all."""
        self._clients = {name: frozenset(of) for name, of in clients.items()}

    def of(self, message: Message) -> list[Message]:
        """The copies of one message."""
        if isinstance(message, Report):
            if message.exec_id == NO_EXECUTION:
                return []
            owner = ((797, "Y"), (453, "1"), (448, message.client), (447, "D"), (452, "13"))
            copy: Report | CancelRejected = message._replace(extra=(*message.extra, *owner))
        elif isinstance(message, CancelRejected):
            copy = message
        else:
            return []
        return [
            copy._replace(client=name)
            for name, clients in self._clients.items()
            if not clients or message.client in clients
        ]
