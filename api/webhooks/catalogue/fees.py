"""Events of what the platform asks for its service."""

from decimal import Decimal

from api.rules.fees import FeePurpose, InvoiceKind
from api.webhooks.catalogue.kinds import Data, Kind


class CommissionFrozenEventData(Data):
    """What was agreed by signing a contract."""

    rate_bp: int
    contract_value: Decimal
    currency: str


class FeeInvoiceEventData(Data):
    """An invoice of the platform, or a credit note."""

    number: str
    kind: InvoiceKind
    purpose: FeePurpose
    gross: Decimal
    currency: str


TYPES = (
    *Kind(
        "contract",
        "contract",
        "fees:read",
        CommissionFrozenEventData,
        {"rate_bp": "150", "contract_value": "98000", "currency": "KGS"},
    ).types(commission_frozen="The platform's commission of your contract is settled."),
    *Kind(
        "fee_invoice",
        "feeinvoice",
        "fees:read",
        FeeInvoiceEventData,
        {
            "number": "K-2026-000017",
            "kind": InvoiceKind.INVOICE,
            "purpose": FeePurpose.COMMISSION,
            "gross": "1470",
            "currency": "KGS",
        },
    ).types(issued="The platform issued an invoice or a credit note to you."),
)
INTERNAL: tuple[str, ...] = ()
