"""The broker: orders that name a strategy are worked over time on the exchanges of the house.

Its child orders and its view of the market go through the same door as any client's.
"""
