"""How carriers and tracking services sign and write what they tell, one module for each format."""

from api.delivery.carriers import aftership, dcsa, epcis, track17
from api.delivery.carriers.told import Carrier, SourceKind

CARRIERS: dict[SourceKind, Carrier] = {
    SourceKind.TRACK17: Carrier("sign", track17.signature, track17.parse),
    SourceKind.AFTERSHIP: Carrier(
        "aftership-hmac-sha256", aftership.signature, aftership.parse, False
    ),
    SourceKind.DCSA: Carrier("Notification-Signature", dcsa.signature, dcsa.parse),
    SourceKind.EPCIS: Carrier("GS1-Signature", epcis.signature, epcis.parse),
}
"""By the kind of a source; `api` has none, because its events come with credentials."""
