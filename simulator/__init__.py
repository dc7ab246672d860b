"""The venues on the other end of the FIX wire: a separate program.

It imports nothing of the other rooms, so that a bug cannot hide on both ends
of the wire. From the inside out: `book`, `liquidity`, `exchange` are pure
(integers, time as an argument, values out); `journal` and `endofday` are its
files; `fix` is the wire; `control` is the door for operators; `program` joins them.
"""
