"""What we know: files taken in, facts kept, snapshots as of a day; the only room with SQL."""

from vault.store import SqlVault

__all__ = ["SqlVault"]
