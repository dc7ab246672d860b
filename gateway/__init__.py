"""The gateway: how orders get to the venues, and how what the venues say gets back.

Two promises hold the room together. An order is committed before it is sent
and is transmitted at most once (`outbox`); whatever a venue sends is committed
together with its sequence number and booked exactly once (`inbox`). What is
not known is *in doubt* and is asked for, never guessed (`doubts`, `questions`).

`core` joins the parts and takes steps without threads; `service` takes them on threads (`threads`,
`every`). `dialect` is what a broker wants otherwise than others, as data of its profile; lists,
allocations and drop copies have their own modules (`lists`, `allocations`, `copies`).

`codec`, `reports`, `decode` and `sequence` are pure; only `engine` and
`enginelog` speak quickfix.
"""
