"""The vocabulary of the venues: FIX's own words, what clients ask, what venues say.

Plain values without behaviour; every other package of the simulator speaks in them.
"""
