"""The fast path: the structure that most accounts have, solved in its dual.

A factor risk model, bounds, linear rows, and costs and taxes that are convex in each name leave
one unknown for each factor and each binding row; every name then answers in closed form. What
has another structure is declined in words and goes to the general model.
"""
