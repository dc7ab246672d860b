"""The market beside the clients: whoever else trades in a symbol. Pure and seeded.

A liquidity provider whose middle clients' executions move for a while, a flow of random orders,
or a recorded day. Each is a `Market` as `simulator.exchange.markets` has it. Chance and decay are
computed in floats and at once rounded to whole units, shares and microseconds.
"""
