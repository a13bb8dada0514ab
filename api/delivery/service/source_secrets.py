"""Secrets of tracking sources, encrypted at rest to the installation's sealing key (age, X25519).

A signature that is a MAC needs the secret itself, so that a hash of it is not enough. The key is
in no database (api/procurement/sealing/installation.py). The source's id is encrypted with the
secret: a secret that was copied into another row opens nothing.
"""

from uuid import UUID

from api.procurement.sealing import installation, keys


class SecretUnusable(Exception):
    """The secret was encrypted to another key, or belongs to another source."""


def sealed(source_id: UUID, secret: str) -> bytes:
    """The secret as it is stored."""
    plain = source_id.bytes + secret.encode()
    return keys.encrypt(plain, [installation.own_identity().recipient])


def opened(source_id: UUID, stored: bytes) -> bytes:
    """The secret's bytes. Raises CiphertextRefused or SecretUnusable."""
    plain = installation.own_identity().decrypt(stored)
    if plain[:16] != source_id.bytes:
        raise SecretUnusable("the secret is that of another source")
    return plain[16:]
