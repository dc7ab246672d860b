"""Matching: one book per symbol, price-time priority, exact on integers. Pure.

Prices are whole price units and quantities whole shares; what a unit is worth is the
caller's affair.
"""
