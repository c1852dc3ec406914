"""Payouts at the command line."""

import json
import os
import subprocess

from artel.settings import Settings
from tests.orders.orders.accounts import Accounts
from tests.orders.orders.till import Till
from tests.servers import ARTEL


def artel(settings: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    where = ["--data", str(settings.data), "--database", settings.database]
    shell = os.environ | {"COLUMNS": "120"}
    return subprocess.run([ARTEL, "payouts", *words, *where], capture_output=True, text=True, timeout=60, env=shell)


def test_the_operator_looks_first_and_pays_out_then(till: Till, accounts: Accounts, settings: Settings) -> None:
    shop_id = till.seller.shop_id
    till.paid(till.placed(), "ok")
    looked = artel(settings, "run", "--dry-run", "--json")
    assert json.loads(looked.stdout) == [{"shop_id": shop_id, "currency": "RUB", "amount_minor": 20_000}]
    assert "dry run" in looked.stderr
    assert accounts.all(shop_id) == {"test": -20_000, "shop1": 20_000}

    made = artel(settings, "run", "--note", "November")
    assert made.returncode == 0, made.stderr
    assert "200.00" in made.stdout
    assert accounts.all(shop_id) == {"test": -20_000, "payouts": 20_000}
    again = artel(settings, "run", "--json")
    assert (again.returncode, json.loads(again.stdout)) == (0, [])

    (listed,) = json.loads(artel(settings, "list", "--json").stdout)["items"]
    assert (listed["note"], listed["by_account_id"], listed["amount_minor"]) == ("November", None, 20_000)
    assert "200.00" in artel(settings, "list", "--shop", str(shop_id)).stdout


def test_a_run_that_cannot_be_is_refused_in_one_line(till: Till, settings: Settings) -> None:
    for words, said in ((("--currency", "roubles"), "currency: "), (("--shop", "999"), "no shop 999")):
        wrong = artel(settings, "run", *words)
        assert (wrong.returncode, wrong.stdout) == (1, "")
        assert said in wrong.stderr
        assert len(wrong.stderr.splitlines()) == 1
