"""The installation's own key: from where it comes, and that nothing shows it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.core import settings
from api.procurement.sealing import installation
from api.procurement.sealing.installation import SealingKeyUnusable
from api.procurement.sealing.keys import Identity


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let some settings say something else."""

    def change(**values: Any) -> None:
        changed = settings.get().model_copy(update=values)
        monkeypatch.setattr(settings, "get", lambda: changed)

    return change


def test_the_key_comes_from_the_environment_or_a_file(configured: Any, tmp_path: Path) -> None:
    own = Identity.generate()
    configured(sealing_key=SecretStr(own.reveal()))
    assert installation.own_identity().recipient == own.recipient

    path = tmp_path / "key.txt"
    path.write_text(f"# created: today\n# public key: {own.recipient}\n{own.reveal()}\n")
    configured(sealing_key=None, sealing_key_file=path)
    assert installation.own_identity().recipient == own.recipient


@pytest.mark.parametrize("text", ["", "age1x", "AGE-SECRET-KEY-1", "x\ny\n"])
def test_what_is_no_key_is_refused_and_not_repeated(
    configured: Any, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "key.txt"
    path.write_text(text)
    configured(sealing_key_file=path)

    with pytest.raises(SealingKeyUnusable) as refusal:
        installation.own_identity()

    assert str(refusal.value) == "The sealing key is not one age identity, AGE-SECRET-KEY-1…"


def test_a_missing_file_is_named_and_development_makes_its_own(
    configured: Any, tmp_path: Path
) -> None:
    configured(sealing_key_file=tmp_path / "none.txt")
    with pytest.raises(SealingKeyUnusable, match="none.txt"):
        installation.own_identity()

    configured(sealing_key_file=None, data_dir=tmp_path)
    first = installation.own_identity()
    assert (tmp_path / "sealing-key.txt").stat().st_mode & 0o777 == 0o600
    assert installation.own_identity().recipient == first.recipient


def test_threads_that_need_the_first_key_at_once_have_the_same_one(
    configured: Any, tmp_path: Path
) -> None:
    for attempt in range(20):
        configured(sealing_key_file=None, data_dir=tmp_path / str(attempt))
        together = threading.Barrier(8)

        def first(together: threading.Barrier = together) -> str:
            together.wait()
            return installation.own_identity().recipient

        with ThreadPoolExecutor(8) as pool:
            found = {each.result() for each in [pool.submit(first) for _ in range(8)]}
        assert found == {installation.own_identity().recipient}
        assert [path.name for path in (tmp_path / str(attempt)).iterdir()] == ["sealing-key.txt"]


def test_a_session_key_is_wrapped_for_this_installation_alone(configured: Any) -> None:
    session = Identity.generate()
    configured(sealing_key=SecretStr(Identity.generate().reveal()))
    wrapped = installation.wrap(session)

    assert session.secret() not in wrapped
    assert session.reveal().encode() not in wrapped
    assert installation.unwrap(wrapped).recipient == session.recipient
    configured(sealing_key=SecretStr(Identity.generate().reveal()))
    with pytest.raises(Exception, match="cannot be decrypted"):
        installation.unwrap(wrapped)
