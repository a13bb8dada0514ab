import base64
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pydantic import SecretStr
from sqlmodel import Session, col, select

from api.core import db, settings, signing
from api.core.signing import KeyUnusable, SigningKey

CONTENT = {"type": "test", "number": 7, "text": "Айгүл 采购"}


def pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> settings.Settings:
    changed = settings.get().model_copy(update={"data_dir": tmp_path})
    monkeypatch.setattr(settings, "get", lambda: changed)
    return changed


def test_what_is_signed_verifies_and_anything_else_does_not() -> None:
    signed, key = signing.sign(CONTENT), signing.own_public_key()
    assert signed.key_id == key.key_id
    assert signing.verify(CONTENT, signed.signature, key.public_key)
    assert not signing.verify({**CONTENT, "number": 8}, signed.signature, key.public_key)
    other = signing.public_key(ed25519.Ed25519PrivateKey.generate().public_key())
    assert not signing.verify(CONTENT, signed.signature, other.public_key)
    for wrong in ("", "no base64", signed.signature[4:], base64.b64encode(bytes(64)).decode()):
        assert not signing.verify(CONTENT, wrong, key.public_key)
        assert not signing.verify(CONTENT, signed.signature, wrong)


def test_content_without_a_type_is_not_signed() -> None:
    with pytest.raises(ValueError, match="type"):
        signing.sign({"number": 7})


def test_for_development_a_key_is_made_once_that_only_its_owner_reads(
    config: settings.Settings,
) -> None:
    made = signing.own_public_key()
    path = config.data_dir / "signing-key.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in config.data_dir.iterdir()] == [path.name]
    signing._read.cache_clear()
    assert signing.own_public_key() == made


def test_a_key_can_come_from_the_environment_or_from_a_file(
    config: settings.Settings, tmp_path: Path
) -> None:
    first, second = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    config.signing_key = SecretStr(pem(first).decode())
    assert signing.own_public_key() == signing.public_key(first.public_key())
    path = tmp_path / "key.pem"
    path.write_bytes(pem(second))
    config.signing_key, config.signing_key_file = None, path
    assert signing.own_public_key() == signing.public_key(second.public_key())


@pytest.mark.parametrize("content", [b"", b"no key", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_key_of_another_kind_is_refused(
    config: settings.Settings, tmp_path: Path, content: bytes
) -> None:
    config.signing_key_file = tmp_path / "key.pem"
    with pytest.raises(KeyUnusable, match="No such file"):
        signing.sign(CONTENT)
    config.signing_key_file.write_bytes(content)
    with pytest.raises(KeyUnusable, match="signing key is not"):
        signing.sign(CONTENT)
    assert [each.name for each in tmp_path.iterdir()] == ["key.pem"]


def test_after_a_rotation_both_public_keys_are_known(
    config: settings.Settings, session: Session
) -> None:
    keys = [ed25519.Ed25519PrivateKey.generate() for _ in range(2)]
    for key in (*keys, keys[0]):
        config.signing_key = SecretStr(pem(key).decode())
        with db.worker_unit_of_work() as unit:
            signing.publish_own_key(unit)
    stored = session.exec(select(SigningKey).order_by(col(SigningKey.id))).all()
    assert [(row.key_id, row.public_key) for row in stored] == [
        signing.public_key(key.public_key()) for key in keys
    ]


def test_threads_that_need_the_first_key_at_once_have_the_same_one(
    config: settings.Settings, tmp_path: Path
) -> None:
    for attempt in range(20):
        config.data_dir = tmp_path / str(attempt)
        together = threading.Barrier(8)

        def first(together: threading.Barrier = together) -> str:
            together.wait()
            return signing.own_public_key().key_id

        with ThreadPoolExecutor(8) as pool:
            found = {each.result() for each in [pool.submit(first) for _ in range(8)]}
        assert found == {signing.own_public_key().key_id}
        assert [path.name for path in config.data_dir.iterdir()] == ["signing-key.pem"]
