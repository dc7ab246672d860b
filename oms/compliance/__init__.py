"""Compliance: rules are data, rule types are code, every question gets an answer.

Independent of the optimizer on purpose: what it promised is checked here again,
on the whole shares and in exact numbers. Pure: no storage, no clock.
"""
