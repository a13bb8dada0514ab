"""The installation's own sealing key, which is nowhere in the database.

It keeps two things: the private keys of opening sessions while they last, and, in the labelled
fallback `server`, the bids themselves. It comes from `KERBEN_SEALING_KEY` or
`KERBEN_SEALING_KEY_FILE`, in the form of `age-keygen`.
"""

import os
from functools import cache
from pathlib import Path
from uuid import uuid4

import structlog

from api.core import settings
from api.procurement.sealing import keys
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import KeyInvalid

log = structlog.get_logger(__name__)


class SealingKeyUnusable(Exception):
    """The configured sealing key cannot be read, or is not an age identity."""


def own_identity() -> Identity:
    """The installation's key. Raises SealingKeyUnusable."""
    config = settings.get()
    if config.sealing_key is not None:
        return _parsed(config.sealing_key.get_secret_value())
    path = config.sealing_key_file or config.data_dir / "sealing-key.txt"
    return _read(path, made_if_missing=config.sealing_key_file is None)


def wrap(identity: Identity) -> bytes:
    """The private key of an opening session, encrypted to the installation's."""
    return keys.encrypt(identity.reveal().encode(), [own_identity().recipient])


def unwrap(wrapped: bytes) -> Identity:
    """What `wrap` made. Raises CiphertextRefused when the installation has another key now."""
    return Identity(own_identity().decrypt(wrapped).decode())


@cache
def _read(path: Path, *, made_if_missing: bool) -> Identity:
    if made_if_missing and not path.exists():
        _make(path)
    try:
        return _parsed(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise SealingKeyUnusable(f"{path} cannot be read as text") from error


def _parsed(text: str) -> Identity:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return Identity(lines[0] if len(lines) == 1 else "")
    except KeyInvalid:
        pass
    raise SealingKeyUnusable("The sealing key is not one age identity, AGE-SECRET-KEY-1…")


def _make(path: Path) -> None:
    """Make a key for development. Of two threads or processes that do it at once, one key remains."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{uuid4().hex}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(Identity.generate().reveal() + "\n")
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
    log.warning("made a sealing key for development", path=str(path))
