"""Adjustments as docs/orders.md types them: against a custodian's own files, by two persons."""

from functools import partial
from pathlib import Path

import pytest

from console.initialise import bundled
from console.main import main
from domain.errors import ExitCode
from tests.system.desk import CLERK, ENDED, OFFICER, Desk

pytestmark = pytest.mark.integration

ACCOUNT, LOT = "Z41-200417", "HARBOR:Z41-200417:US0865161014:3"
DOUBLED = "Z43-212234"  # In two custodians' files: planted in the book, a break of its own.
FEE = ("adjust", ACCOUNT, "--cash", "-12.34")
FRACTION = ("adjust", ACCOUNT, "BBY", "--shares", "-0.5", "--lot", LOT, "--cash", "40.65")
CHANGED = {  # What Harbor Trust says a day later: a fee was taken, half a share was paid for.
    '"$4,215.71"': '"$4,244.02"',
    "Common Stock,20,$81.29": "Common Stock,19.5,$81.29",
    "BBY,05/18/2022,6,$427.68": "BBY,05/18/2022,5.5,$392.04",
}


def test_what_the_custodian_did_alone_is_booked_by_two_persons_and_explained(
    book, tmp_path, capsys
):
    """No run has had the account: `explain` tells its books, and who put what into them."""
    with Desk(book, tmp_path / "desk") as desk:
        typed = partial(_typed, desk, capsys)
        positions = _next_day(tmp_path)

        before = typed("reconcile", str(positions), code=ExitCode.CHECK_FAILED)
        typed(*FEE, "--by", CLERK, "--why", "wire fee, the bank's letter")
        typed(*FRACTION, "--by", CLERK, "--why", "cash in lieu of a fraction")
        alone = typed(*_agree(1), "--by", CLERK, code=ExitCode.BAD_DATA)
        for number in (1, 2):
            typed(*_agree(number), "--by", OFFICER)
        again = typed(*_agree(2), "--by", OFFICER, code=ExitCode.BAD_DATA)

        assert (before.count("position_differs"), before.count("cash_differs")) == (1, 1)
        assert "ask a second person to agree" in alone
        assert "is booked already" in again
        after = typed("reconcile", str(positions))
        assert after == f"{positions.name} agrees with the ledger\n"
        told = typed("explain", ACCOUNT)
        persons = f"({CLERK}, seconded by {OFFICER})"
        opened, fee, fraction = _lines_from(told, "What was booked")
        assert opened == (
            f"  opening:{ACCOUNT} on 2022-11-29: taken over from Harbor Trust as of 2022-11-29"
        )
        assert fee == (
            f"  adjustment:{ACCOUNT}:1 on 2022-11-30: -$12.34 cash: wire fee, the bank's letter "
            f"{persons}"
        )
        assert fraction == (
            f"  adjustment:{ACCOUNT}:2 on 2022-11-30: $40.65 cash, -0.5 BBY; realised $5.01: "
            f"cash in lieu of a fraction {persons}"
        )
        assert "19.5 BBY in 3 lots, which cost $1,550.56" in told
        assert "4,244.02 cash" in told
        assert "projections agree" in typed("check")


def test_a_run_tells_what_was_booked_beside_it_and_an_older_one_is_asked_for_by_name(
    book, tmp_path, capsys
):
    with Desk(book, tmp_path / "desk") as desk:
        typed = partial(_typed, desk, capsys)
        typed(*FEE, "--by", CLERK, "--why", "wire fee")
        typed(*_agree(1), "--by", OFFICER)
        desk.open_venues()
        desk.serve()
        first, second = desk.rebalance(ACCOUNT), desk.rebalance(ACCOUNT)
        for run in (first, second):
            desk.until_run(run, *ENDED)

        newest = typed("explain", ACCOUNT)
        older = typed("explain", ACCOUNT, "--run", first)
        nowhere = typed("explain", "8695-2920", "--run", first, code=ExitCode.USAGE)

        assert f"in run {second} " in newest.splitlines()[0]
        assert f"in run {first} " in older.splitlines()[0]
        assert f"{CLERK}, seconded by {OFFICER}" in "".join(
            _lines_from(older, "What else was booked")
        )
        assert f"run {first} has no account '8695-2920'" in nowhere


def _typed(
    desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = ExitCode.OK
) -> str:
    """What a command says, in this process: many are typed here."""
    assert main(["--config", str(desk.config.path), *arguments]) == code
    said = capsys.readouterr()
    return said.out or said.err


def _agree(number: int) -> tuple[str, ...]:
    return "adjust", ACCOUNT, "--agree", str(number)


def _lines_from(text: str, heading: str) -> list[str]:
    """The sentences below a heading."""
    lines = text.splitlines()
    start = lines.index(heading) + 1
    return lines[start : lines.index("", start)]


def _next_day(folder: Path) -> Path:
    """Harbor Trust's two files of the next day; the one with the positions."""
    for what in ("Lots", "Positions"):
        text = (bundled("custodians") / f"Harbor_{what}_20221129.csv").read_text("utf-8")
        rows = [row for row in text.splitlines() if not row.startswith(DOUBLED)]
        for i, row in enumerate(rows):
            if row.startswith(ACCOUNT):
                for was, now in CHANGED.items():
                    rows[i] = rows[i].replace(was, now)
        (folder / f"Harbor_{what}_20221130.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return folder / "Harbor_Positions_20221130.csv"
