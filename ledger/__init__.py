"""The ledger: what we own, by double entry in shares and cash.

Pure functions from facts to transactions, and from transactions to positions,
cash, lots and realised gains. It checks the OMS; it does not believe it.
"""
