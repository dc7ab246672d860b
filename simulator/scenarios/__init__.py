"""The order state changes of FIX, played by id from scripts that are data.

A script (scripts/*.toml) says what the client sends and what the venue answers, step by
step; figures that follow from the order's own arithmetic need not be said.
"""
