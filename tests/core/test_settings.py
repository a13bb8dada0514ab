import pytest
from pydantic import ValidationError

from api.core import settings
from api.core.settings import DEVELOPMENT_SECRET, Settings

SAFE = {
    "environment": "production",
    "secret_key": "x" * 40,
    "database_url": "postgresql://kerben_app@db/kerben",
    "broker_url": "amqp://broker",
    "base_url": "https://kerben.example",
    "signing_key_file": "/run/secrets/signing-key.pem",
    "sealing_key_file": "/run/secrets/sealing-key.txt",
}


def test_production_starts_with_safe_settings() -> None:
    assert Settings(**SAFE).embedded is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", DEVELOPMENT_SECRET),
        ("secret_key", "short"),
        ("database_url", None),
        ("signing_key_file", None),
        ("sealing_key_file", None),
        ("broker_url", "memory://"),
        ("base_url", "http://kerben.example"),
        ("portal_origins", ["http://portal.example"]),
    ],
)
def test_sec_22_production_refuses_an_unsafe_setting_and_names_it(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=f"KERBEN_{name.upper()} "):
        Settings(**{**SAFE, name: value})


@pytest.mark.parametrize("url", ["sqla+sqlite:///x", "filesystem://", "sqs://", "broker", ""])
def test_a_broker_that_loses_messages_or_is_unknown_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must begin with one of memory, amqp"):
        Settings(broker_url=url)


@pytest.mark.parametrize("prefix", ["", "a b", "a.b", "x" * 41])
def test_a_prefix_of_queues_is_one_word(prefix: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        Settings(queue_prefix=prefix)


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    assert "x" * 40 not in repr(Settings(**SAFE))


def test_sec_22_a_process_with_wrong_settings_ends_and_says_what_is_wrong_but_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERBEN_PORT", "many")
    monkeypatch.setenv("KERBEN_SECRET_KEY", "not-to-be-seen")
    with pytest.raises(SystemExit, match="KERBEN_PORT") as ended:
        settings.get.__wrapped__()
    assert "not-to-be-seen" not in str(ended.value)
