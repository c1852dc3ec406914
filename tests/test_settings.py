"""Settings from the environment and the command line."""

from pathlib import Path

import pytest

from artel.kernel.errors import Malformed
from artel.settings import PREFIX, Settings, load


def test_without_a_word_there_are_defaults() -> None:
    assert load({}) == Settings()


def test_a_variable_sets_a_field_and_the_command_line_overrides_it() -> None:
    environment = {"ARTEL_PORT": "9000", "ARTEL_DATA": "/srv/artel", "ARTEL_ACCESS_LOG": "false", "PORT": "1"}
    settings = load(environment, port=None, host="::1")
    assert (settings.port, settings.host, settings.data, settings.access_log) == (
        9000,
        "::1",
        Path("/srv/artel"),
        False,
    )
    assert load(environment, port=9001).port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATA", ""),
        ("TRAFFIC_TIMEZONE", "Middle/Earth"),
        ("TRAFFIC_TIMEZONE", "America"),
        ("TRAFFIC_TIMEZONE", "../../etc/passwd"),
        ("TRAFFIC_TIMEZONE", ""),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8000.5"),
        ("PORT", ""),
        ("WORKERS", "0"),
        ("BODY_MAX_BYTES", "1 MB"),
        ("SESSION_TTL_S", "1e400"),
        ("SESSION_TTL_S", "NaN"),
        ("ACCESS_LOG", "perhaps"),
        ("BODY_TIMEOUT_S", "0"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE", "mysql://u:secret@h/n"),
        ("DATABASE", "artel.db"),
        ("DATABASE", "postgresql://u:secret@[::1"),
        ("DATABASE", "postgresql://u:secret@h:port/n"),
        ("REDIS", "localhost:6379"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(Malformed) as refused:
        load({PREFIX + name: value})
    assert refused.value.facts["field"] == PREFIX + name
    assert str(refused.value).startswith(f"ARTEL_{name}: ")
    assert "secret" not in str(refused.value)


def test_every_setting_can_be_set_and_explains_itself() -> None:
    for field in Settings.__struct_fields__:
        default = getattr(Settings(), field)
        assert load({PREFIX + field.upper(): str(default)}) == Settings(), field
