"""When to rebalance, and why.

Triggers say when (`triggers`, `drift`), the `ticker` makes each due instant happen once, and `run`
is the loop from a snapshot to a reconciled ledger, step by step on `record`. Heavy work is done by
worker processes (`pool`, `workers`), or on a `cluster`. Beside the runs `watch` keeps the breach
register, and `restricted` takes back what the restricted list begins to stop.
"""
