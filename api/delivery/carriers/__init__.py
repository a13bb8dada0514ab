"""How carriers and tracking services sign and write what they tell, one module for each format."""

from api.delivery.carriers import aftership, dcsa, epcis, track17
from api.delivery.carriers.told import Carrier, SourceKind
from api.intake.schemes import SignatureHeader, StandardWebhooks, hmac_sha256

CARRIERS: dict[SourceKind, Carrier] = {
    SourceKind.TRACK17: Carrier(
        {"track17": SignatureHeader("sign", track17.signature)}, track17.parse
    ),
    SourceKind.AFTERSHIP: Carrier(
        {"hmac_sha256": SignatureHeader("aftership-hmac-sha256", aftership.signature, False)},
        aftership.parse,
    ),
    SourceKind.DCSA: Carrier(
        {"hmac_sha256": SignatureHeader("Notification-Signature", hmac_sha256)}, dcsa.parse
    ),
    SourceKind.EPCIS: Carrier(
        {
            "hmac_sha256": SignatureHeader("GS1-Signature", hmac_sha256),
            "standard_webhooks": StandardWebhooks(),
        },
        epcis.parse,
    ),
}
"""By the kind of a source. Others send our own events (service/tracking_native.py)."""
