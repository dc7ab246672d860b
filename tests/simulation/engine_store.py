"""What QuickFIX's FileStore keeps of one session: it outlives the process, not always whole.

QuickFIX writes a message, then counts it, then sends it. At the start of a process the store is
written out in its own format, so that the gateway's checks read real files.
"""

from pathlib import Path

_PARTS = ("seqnums", "session", "header", "body")


class EngineStore:
    """Sequence numbers and sent application messages."""

    def __init__(self, session: str) -> None:
        begin, _, names = session.partition(":")
        self._stem = f"{begin}-{names.replace('->', '-')}"
        self.next_sender = 1
        self.next_target = 1
        self.messages: list[tuple[int, str]] = []
        self.is_torn = False
        self._has_run = False

    def sent(self) -> dict[int, str]:
        """The newest message under each number that counts."""
        return {number: text for number, text in self.messages if number < self.next_sender}

    def lose_last(self, count: int) -> None:
        """A power cut: the last writes never reached the disk."""
        for _ in range(min(count, len(self.messages))):
            number, _ = self.messages.pop()
            self.next_sender = min(self.next_sender, number)

    def write(self, directory: Path) -> None:
        """As files, the way the engine leaves them."""
        if not self._has_run:
            self._has_run = True
            return
        directory.mkdir(exist_ok=True)
        numbers = f"{self.next_sender:020d} : {self.next_target:020d}"
        texts = {
            "seqnums": "" if self.is_torn else numbers,
            "session": "20221130-20:44:00",
            "header": "",
            "body": "".join(text for _, text in self.messages),
        }
        for part in _PARTS:
            (directory / f"{self._stem}.{part}").write_text(texts[part], "latin-1")
