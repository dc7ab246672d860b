"""The venues as a running program: configuration, clock, journal, sessions, doors, faults.

`house` is the pure inside (floors, delays, copies); `journal` and what is derived from it are its
memory; `program` joins them to the wire and to the operators' door. Nothing is sent before it is on
disk, and what is on disk makes the same venues again.
"""
