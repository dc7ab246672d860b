"""The sweep: many accounts against many rules at once, on arrays of whole numbers.

It gives the verdicts of the exact path and nothing else: what is not a clear pass, and
what a rule does not let it see (a fact of one account, a fraction of a share), is asked
exactly. Nothing in the service imports it: numpy stays in the workers.
"""
