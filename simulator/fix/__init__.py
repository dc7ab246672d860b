"""FIX sessions of the venues: bytes of a socket in, requests out; messages in, bytes out.

Our own session layer, so that a venue shares no bug with the engine of the gateway that it
tests, and can misbehave on purpose. From the inside out: `codec` (bytes and fields), `dictionary`
(what the standard allows), `translate` (what is asked), `wording` (what is said), `store` (sequence
numbers, what was sent), `session` (the state machine, pure), `faults` (what goes wrong on purpose),
`acceptor` (sockets).
"""
