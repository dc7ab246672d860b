"""How many messages a second are let through."""


class Rate:
    """A bucket of one second's worth that fills evenly. 0 a second: everything is let through."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left = per_second
        self._at = 0.0

    def allows(self, seconds: float) -> bool:
        """Whether one more may come now. `seconds` never goes back."""
        if not self._per_second:
            return True
        filled = self._left + (seconds - self._at) * self._per_second
        self._left = min(filled, self._per_second)
        self._at = seconds
        if self._left < 1:
            return False
        self._left -= 1
        return True
