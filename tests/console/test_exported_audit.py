"""An export and the anchor file prove the audit trail to somebody who has no database."""

import json
import shutil
from datetime import UTC, datetime

import pytest

from console.main import main
from console.opening import open_vault
from domain.errors import ExitCode

AT = datetime(2022, 11, 30, 17, tzinfo=UTC)


@pytest.fixture
def told(installed, tmp_path, capsys):
    """Six decisions, exported; the desk itself is gone. Gives the export and the anchor file."""
    with open_vault(installed) as vault:
        vault.acquire()
        for number in range(6):
            with vault.write() as uow:
                uow.audit.append(at=AT, actor="anna", kind="k", subject=f"s{number}", body={})
    capsys.readouterr()
    assert main(["--config", str(installed.path), "audit", "export"]) == 0
    export, anchor = tmp_path / "audit.jsonl", tmp_path / "anchor.copy"
    export.write_text(capsys.readouterr().out, encoding="utf-8")
    shutil.copy(installed.files.anchor, anchor)
    for path in installed.path.parent.rglob("*.db*"):
        path.unlink()
    return export, anchor


@pytest.fixture
def verify(installed, capsys):
    def ask(export, anchor):
        given = ("--export", str(export), "--anchor", str(anchor), "--json")
        code = main(["--config", str(installed.path), "audit", "verify", *given])
        said = capsys.readouterr()
        return code, json.loads(said.out)["message"] if said.out else said.err

    return ask


def test_an_export_is_verified_without_the_database(told, verify):
    code, message = verify(*told)

    assert code == ExitCode.OK
    assert message == "6 entries, each follows the one before it and matches the anchor"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: [line.replace("anna", "eve") for line in lines], "entry 1 was edited"),
        (lambda lines: [*lines[:3], *lines[4:]], "entry 4 is missing"),
        (lambda lines: lines[:-1], "cut off"),
    ],
)
def test_a_changed_export_does_not_hold(told, verify, change, says):
    export, anchor = told
    changed = change(export.read_text(encoding="utf-8").splitlines(keepends=True))
    export.write_text("".join(changed), encoding="utf-8")

    code, message = verify(export, anchor)

    assert code == ExitCode.CHECK_FAILED
    assert says in message


def test_an_export_without_its_anchor_file_proves_nothing(told, verify, tmp_path):
    code, message = verify(told[0], tmp_path / "mistyped")

    assert code == ExitCode.CHECK_FAILED
    assert "no anchor in" in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty: give what trimtab audit export printed"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"{}\n", "line 1 of the export is not an audit entry"),
    ],
)
def test_what_is_no_export_is_refused_with_a_reason(told, verify, tmp_path, content, says):
    path = tmp_path / "given"
    if content is not None:
        path.write_bytes(content)

    code, message = verify(path, told[1])

    assert code == ExitCode.BAD_DATA
    assert says in message
