"""What the first person is told of the second: how to agree."""


def how_to_agree(command: str, said: str = "--agree") -> str:
    """`command` is what the first one called, without its options; `said` names the proposal."""
    return f"a second person agrees with: trimtab {command} {said} --by WHO"
