"""The venues on the other end of the FIX wire: a separate program.

It imports nothing of the other rooms, so that a bug cannot hide on both ends of the wire, and has
a FIX session layer of its own. From the inside out: `values` (the words); `matching` (books),
`market`, `lists`, `exchange`, `broker` and `scenarios`, all pure; `fix` (sessions and sockets);
`running` (configuration, clock, journal, doors, faults), which joins them.
"""
