"""The OMS: what to trade, whether we may, how it is released, and what came of it.

Recommendations, compliance, approval, blocks, release, booking and explanation.
"""
