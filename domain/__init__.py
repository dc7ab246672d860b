"""The shared vocabulary: plain frozen values, standard library only.

Every other room speaks in these words, and asks for what it needs through `ports`. Nothing here
does I/O or asks what time it is; numbers that count money, shares or prices are `Decimal`. Here is
also what all must agree on: how an order moves (`order_states`, by the table in `order_table`) and
how a value is written down (`codec`).
"""
