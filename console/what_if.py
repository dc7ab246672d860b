"""What if one rule were not there: an account of a stored run, answered again on its snapshot."""

from console.service_port import Telling
from domain.codec import to_plain
from domain.errors import BadInputError
from domain.snapshot import Snapshot


def without(snapshot: Snapshot, account_id: str, rule: str) -> Telling:
    """The account's answer by itself with every rule, and without the one.

    Raises `UnknownNameError` for a rule that the account does not have.
    """
    # The solvers' libraries: only this question needs them here.
    from optimizer import assemble, propose, propose_without  # noqa: PLC0415

    if account_id in snapshot.quarantined():
        raise BadInputError(f"account {account_id} is in quarantine; see `explain {account_id}`")
    market, (problem,) = assemble(snapshot, [account_id])
    stands, changed = propose(market, problem), propose_without(market, problem, rule)
    return Telling(
        subject=account_id,
        lines=(
            f"Account {account_id} by itself, on the snapshot of {snapshot.as_of}",
            "",
            f"With {rule}",
            f"  {stands.outcome}: {stands.message}",
            "",
            f"Without {rule}",
            f"  {changed.outcome}: {changed.message}",
            *(f"  {trade.reason}" for trade in changed.trades),
        ),
        facts={"with": to_plain(stands), "without": to_plain(changed)},
    )
