"""The OMS: what to trade, whether we may, how it is released, and what came of it.

In the order of a run: proposals become recommendations (`recommend`), are asked every rule
(`compliance`, `basket`) and approved (`approval`), are joined to blocks and routed (`blocks`,
`routing`), and go out wave by wave within the last limits (`release`, `wave`, `entering`,
`wire_risk`). What venues say is booked (`booking`) and given to the accounts (`close_out`), wash
sales included (`wash_sales`); `tca` tells what it cost, `explain` why it was done.

What one person may not do alone needs a second one (`second_person`): doubts, adoptions, raises,
adjustments, splits and rules. `halt` stops everything, `by_hand` is a person's own order.
"""
