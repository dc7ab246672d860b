"""Lists of orders, for any floor: what may be asked of them, and what is said of them."""
