"""`artel ledger …` as a shell sees it: output, errors, exit codes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct

from artel.cli import main
from artel.settings import Settings
from tests.ledger.journal.filled import Kept
from tests.proofs.tamper import opened


class Ended(Struct, frozen=True):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Artel = Callable[..., Ended]


@pytest.fixture
def artel(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Artel:
    """Runs `artel ledger …` on the database of `settings`, in this process."""
    monkeypatch.setenv("ARTEL_DATA", str(settings.data))
    monkeypatch.setenv("ARTEL_DATABASE", settings.database)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["artel", "ledger", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


def test_a_sound_book_is_checked_and_audited(kept: Kept, artel: Artel) -> None:
    checked = artel("check")
    assert (checked.code, checked.err) == (0, "")
    assert checked.out == "8 accounts, 27 transfers, 3 holds: the book is sound\n"
    audited = artel("audit")
    assert (audited.code, audited.err) == (0, "")
    said = " ".join(audited.out.split())
    assert "4 blocks, 27 transfers, 8 accounts: the book and the journal are the same" in said
    assert "0 blocks behind, 0 transfers not sealed yet" in said
    as_json = json.loads(artel("audit", "--json").out)
    assert as_json == {"blocks": 4, "transfers": 27, "accounts": 8, "behind": 0, "unsealed": 0, "findings": []}


def test_an_edited_row_is_named_and_ends_with_1(kept: Kept, artel: Artel, tmp_path: Path) -> None:
    assert artel("journal", "copy", str(tmp_path / "copy")).out.startswith("4 blocks in ")
    sql = opened(kept.settings)
    sql.run("update ledger_entries set amount_minor = 7777 where transfer_id = 3 and place = 1")
    sql.close()
    for words in ([], ["--journal", str(tmp_path / "copy")]):
        audited = artel("audit", *words, "--json")
        assert audited.code == 1
        told = [each["problem"] for each in json.loads(audited.out)["findings"] if each["row"] == "transfer 3 entry 1"]
        assert any("7,777 in the book" in problem for problem in told)
    checked = artel("check", "--json")
    assert checked.code == 1
    assert "transfer.balanced" in {each["invariant"] for each in json.loads(checked.out)["broken"]}
    assert "transfer 3" in " ".join(artel("check").out.split())


def test_there_is_one_clear_line_where_something_cannot_be_done(artel: Artel, tmp_path: Path) -> None:
    for words in (["journal", "copy", str(tmp_path / "copy")], ["statement", "77"], ["trial-balance", "--at", "x"]):
        ended = artel(*words)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("artel: ") and ended.err.count("artel: ") == 1
    assert artel("audit", "--nonsense").code == 2


def test_the_trial_balance_sums_to_zero(kept: Kept, artel: Artel) -> None:
    shown = artel("trial-balance", "--json")
    assert (shown.code, json.loads(shown.out)["sums_minor"]) == (0, {"EUR": 0, "RUB": 0})
    assert "provider" in artel("trial-balance").out
    assert json.loads(artel("trial-balance", "--at", "2020-01-01", "--json").out) == {"lines": [], "sums_minor": {}}


def test_a_statement_is_written_as_csv(kept: Kept, artel: Artel) -> None:
    lines = artel("statement", "1").out.splitlines()
    assert lines[0].startswith("booked_at,kind,reference,note,amount_minor,balance_minor")
    amounts = [tuple(map(int, line.split(",")[4:6])) for line in lines[1:]]
    assert len(amounts) > 5
    for (amount, balance), (_, before) in zip(amounts, amounts[1:], strict=False):
        assert before + amount == balance
    assert artel("statement", "1", "--to", "2020-01-01").out.count("\n") == 1
