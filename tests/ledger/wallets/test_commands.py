"""The operator's commands for wallets as a shell sees them."""

import json
import os
import subprocess
import sys

import pytest

from artel.cli import main
from artel.settings import Settings
from tests.people import People
from tests.servers import ARTEL


def artel(settings: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    where = {"ARTEL_DATA": str(settings.data), "ARTEL_DATABASE": settings.database, "COLUMNS": "200"}
    return subprocess.run([ARTEL, *words], capture_output=True, text=True, env=os.environ | where, timeout=60)


def test_the_operator_gives_money_and_looks_at_it(settings: Settings, people: People) -> None:
    people.person(login="Anna")
    given = artel(settings, "wallet", "credit", "anna", "150.50", "RUB", "--note", "a present")
    assert (given.returncode, given.stdout.strip()) == (0, "Transfer 1: 150.50 RUB to anna"), given.stderr
    made = json.loads(artel(settings, "wallet", "credit", "anna", "7", "JPY", "--note", "x", "--json").stdout)
    assert {entry["purpose"]: entry["amount_minor"] for entry in made["entries"]} == {"world": -7, "wallet": 7}
    assert made["by_account_id"] is None
    shown = artel(settings, "wallet", "show", "anna")
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["currency", "balance", "held", "available"],
        ["RUB", "150.50", "0.00", "150.50"],
        ["JPY", "7", "0", "7"],
    ]
    listed = json.loads(artel(settings, "wallet", "show", "anna", "--json").stdout)
    assert [each["available_minor"] for each in listed] == [15_050, 7]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_cannot_be_given_is_refused_in_one_line(
    settings: Settings, people: People, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    people.person(login="anna")
    for words, said in (
        (("bob", "1", "RUB", "--note", "x"), "no account bob"),
        (("anna", "0", "RUB", "--note", "x"), "amount_minor: expected"),
        (("anna", "1.234", "RUB", "--note", "x"), "RUB has 2 digits after the point, not 3"),
        (("anna", "NaN", "RUB", "--note", "x"), "NaN is no amount"),
        (("anna", "1", "rub", "--note", "x"), "currency: "),
        (("anna", "1", "RUB", "--note", " "), "note: "),
        (("anna", "1000000.01", "RUB", "--note", "x"), "at most 100000000"),
    ):
        monkeypatch.setattr(sys, "argv", ["artel", "wallet", "credit", *words, "--data", str(settings.data)])
        with pytest.raises(SystemExit) as ended:
            main()
        refused = capsys.readouterr().err
        assert ended.value.code == 1
        assert said in refused and refused.count("\n") == 1, refused
    assert json.loads(artel(settings, "wallet", "show", "anna", "--json").stdout) == []
