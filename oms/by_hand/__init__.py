"""Orders by hand: what a person wants traded himself, brought into the loop of every other trade.

It becomes a run whose proposals are the person's own. Snapshot, rules, approval, limits at the
wire, allocation, audit and explanation are those of every run.
"""
