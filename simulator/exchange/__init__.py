"""The lit exchange and the dark pool: order life, phases, reports and market data as floors.

Prices inside are whole price units (half of the smallest tick); quantities whole shares.
"""
