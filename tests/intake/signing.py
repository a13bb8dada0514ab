"""How senders sign, computed here by each standard's own text and not by the service."""

import base64
import hashlib
import hmac
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = b"24 bytes and then a few."
WHSEC = f"whsec_{base64.b64encode(KEY).decode()}"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WHPK = f"whpk_{base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()}"


def standard(
    body: bytes, id: str = "msg_1", *, at: float | None = None, key: bytes | None = KEY
) -> dict[str, str]:
    """Headers of Standard Webhooks, v1 by a key, or v1a without one."""
    moment = str(int(time.time() if at is None else at))
    signed = f"{id}.{moment}.".encode() + body
    if key is None:
        version, raw = "v1a", PRIVATE.sign(signed)
    else:
        version, raw = "v1", hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": moment,
        "webhook-signature": f"{version},{base64.b64encode(raw).decode()}",
    }


def stripe(body: bytes, secret: str, *, at: float | None = None) -> dict[str, str]:
    """The header of Stripe's webhooks."""
    moment = str(int(time.time() if at is None else at))
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return {"Stripe-Signature": f"t={moment},v1={mac.hexdigest()},v0=6ffbb59b"}
