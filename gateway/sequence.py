"""Inbound sequence numbers: up to where nothing is missing.

The engine hands over messages in sequence, so a hole means that it consumed a
message without showing it to us. The durable number never passes a hole unseen.
"""


class SequenceTracker:
    """Which inbound numbers of one session are accounted for.

    `contiguous` is the highest number up to which every message was seen or
    gap-filled. Numbers that come early (a Logon while messages are missing)
    are kept aside until the gap before them closes.
    """

    def __init__(self, contiguous: int) -> None:
        assert contiguous >= 0
        self.contiguous = contiguous
        self._early: set[int] = set()

    def seen(self, number: int) -> None:
        """Message `number` was taken care of."""
        if number > self.contiguous:
            self._early.add(number)
            self._advance()

    def gap_filled(self, number: int, new_number: int) -> None:
        """A gap fill sent as `number` says that everything before `new_number` was not for us.

        A gap fill that is itself early is left alone: the engine asks for what
        is missing, and the venue sends it again in its place.
        """
        if number <= self.contiguous + 1 and new_number - 1 > self.contiguous:
            self.contiguous = new_number - 1
            self._early = {early for early in self._early if early > self.contiguous}
            self._advance()

    def holes_before(self, number: int) -> range:
        """The first run of numbers before application message `number` that nobody saw."""
        first = self.contiguous + 1
        last = first
        while last < number and last not in self._early:
            last += 1
        return range(first, last)

    def reset(self, contiguous: int) -> None:
        """Both sides agreed to count anew."""
        self.contiguous = contiguous
        self._early.clear()

    def _advance(self) -> None:
        while self.contiguous + 1 in self._early:
            self.contiguous += 1
            self._early.remove(self.contiguous)
