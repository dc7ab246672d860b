"""What if one rule were not there: an account of a stored run, answered again on its snapshot."""

from console.service_port import Telling
from domain.codec import to_plain
from domain.errors import BadInputError
from domain.snapshot import Snapshot


def without(snapshot: Snapshot, account_id: str, rule: str) -> Telling:
    """The account's answer among its household's with every rule, and without the one.

    Raises `UnknownNameError` for a rule that the account does not have.
    """
    # The solvers' libraries: only this question needs them here.
    from optimizer import assemble, propose_batch, propose_without  # noqa: PLC0415

    left_out = snapshot.quarantined()
    if account_id in left_out:
        raise BadInputError(f"account {account_id} is in quarantine; see `explain {account_id}`")
    market, problems = assemble(snapshot, _household(snapshot, account_id) - set(left_out))
    stands = next(p for p in propose_batch(market, problems) if p.account_id == account_id)
    changed = propose_without(market, problems, account_id, rule)
    return Telling(
        subject=account_id,
        lines=(
            f"Account {account_id}, answered again on the snapshot of {snapshot.as_of}",
            "",
            "As it is",
            f"  {stands.outcome}: {stands.message}",
            "",
            f"Without {rule}",
            f"  {changed.outcome}: {changed.message}",
            *(f"  {trade.reason}" for trade in changed.trades),
        ),
        facts={"with": to_plain(stands), "without": to_plain(changed)},
    )


def _household(snapshot: Snapshot, account_id: str) -> set[str]:
    """The accounts of the account's household."""
    households = {account.account_id: account.household_id for account in snapshot.accounts}
    return {one for one, household in households.items() if household == households[account_id]}
