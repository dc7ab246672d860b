"""When to rebalance, and why: triggers, the ticker, the run itself and its worker processes."""
