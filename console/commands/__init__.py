"""One module per command: it parses, calls one use case and prints.

A command module has `configure(parser)` and `run(arguments) -> exit code`, and
is imported only when it is asked for, so that `trimtab --help` is quick.
"""
