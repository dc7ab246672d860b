"""The shared vocabulary: plain frozen values, standard library only.

Every other room speaks in these words. Nothing here does I/O or asks what
time it is; numbers that count money, shares or prices are `Decimal`.
"""
