"""`artel doctor`: what it warns of."""

from pathlib import Path

import msgspec
import pytest

from artel.doctor import examine
from artel.settings import Settings
from tests.conftest import Run


@pytest.mark.parametrize(("setting", "finding"), [("payments_test", "payments"), ("superservice_topups", "top-ups")])
def test_a_setting_that_lets_in_money_that_nobody_paid_is_warned_of(
    tmp_path: Path, run: Run, setting: str, finding: str
) -> None:
    plain = Settings(data=tmp_path, payments_test=False, superservice_topups=False)
    told = [
        [each.state for each in run(examine(msgspec.structs.replace(plain, **{setting: on}))) if each.what == finding]
        for on in (False, True)
    ]
    assert told == [[], ["warn"]]
