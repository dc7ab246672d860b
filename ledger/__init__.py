"""The ledger: what we own, by double entry in shares and cash.

Pure functions from facts to transactions (`postings`), and from transactions to positions, cash,
lots and realised gains (`positions`, `lots`); wash sales follow losses from lot to lot
(`wash_sales`). `reconcile` and `reconcile_positions` compare us with whoever else has told of the
same trades and holdings. It checks the OMS; it does not believe it.
"""
