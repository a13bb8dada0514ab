"""Bodies and queries of operations whose schema has no example that is valid by itself.

A body of bytes is sent as it is; of others, ids are replaced by those of the story.
"""

from io import BytesIO
from typing import Any

from api.payments.schemas.securities import GUARANTEE
from api.procurement.sealing import attachments
from api.procurement.sealing.ceremony import Member, Scope, perform
from api.procurement.sealing.keys import Identity
from api.rules.sealing import EnvelopeKind
from tests.catalog import photos
from tests.catalog import samples as catalog
from tests.payments import banking, treasury
from tests.screening import files as screened

EVENT = {"event_id": "gps-000417", "milestone": "picked_up", "event_time": "2026-03-08T10:00:00Z"}
AN_ID = "019abf2e8c1d7c3fa9b04b4c6f0d2e11"
SCOPE = Scope(
    tender="ocds-kerben0-000042",
    envelope=EnvelopeKind.PRICE,
    opens_at="2027-03-02T09:00:00.000000Z",
)
HOLDERS = [
    Member(name=f"Holder {n}", role=role, recipient=Identity.generate().recipient)
    for n, role in enumerate(("opener", "opener", "auditor"), start=1)
]
SEALED = BytesIO()
attachments.seal(BytesIO(b"%PDF-1.7 drawing"), SEALED)
BODIES: dict[str, Any] = {
    "POST /v1/supplier-plans": {
        "code": "maker",
        "valid_from": "2099-01-01",
        "names": {"ky": "Өндүрүүчү", "ru": "Производитель", "en": "Maker", "zh": "制造商"},
        "monthly_fees": {"KGS": "2500"},
        "source": "Order 14",
    },
    "POST /v1/offers": catalog.offer(sku="TENANCY-1"),
    "POST /v1/feeds": {"format": "csv", "market": "CN", "language": "zh"},
    "POST /v1/imports": catalog.csv_file({}),
    "POST /v1/watch-lists/{name}/import": screened.GOODS,
    "POST /v1/screening-cases/{case_id}/confirm": {"reason": "The same number and address"},
    "POST /v1/platform-accounts": {**treasury.ACCOUNT, "number": "1240020000999999"},
    "POST /v1/stripe-payee-accounts": {
        "country": "US",
        "currency": "USD",
        "holder_name": "Ala-Too",
        "contact_email": "finance@ala-too.example",
    },
    "POST /v1/payee-accounts": {**treasury.PAYEE, "number": "1240020000888888"},
    "POST /v1/bank-statements": banking.camt(banking.line("1", "tenancy")),
    "POST /v1/payment-status-reports": banking.pain002("KERBEN0123456789ABCDEF", of_file="ACCP"),
    "POST /v1/translations": {"product_ids": [f"product_{AN_ID}"], "languages": ["zh"]},
    "POST /v1/documents": b"%PDF-1.7 report",
    "POST /v1/evidence": b"%PDF-1.7 extract",
    "POST /v1/certificates/{certificate_id}/document": b"%PDF-1.7 certificate",
    "POST /v1/products/{product_id}/images": photos.png(),
    "POST /v1/tenders/{tender_id}/sealed-documents": SEALED.getvalue(),
    "POST /v1/tenders/{tender_id}/keys": perform(SCOPE, 2, HOLDERS).model_dump(mode="json"),
    "POST /v1/contracts/{contract_id}/securities": {
        "kind": "advance",
        "rail": "guarantee",
        "guarantee": GUARANTEE,
    },
    "POST /v1/shipments/{shipment_id}/legs/{seq}/update": {"carrier": "Silk Road Trucking"},
    "POST /v1/shipments/{shipment_id}/tracking-events": EVENT,
    "POST /v1/tracking-events": {"events": [{**EVENT, "shipment_id": f"shipment_{AN_ID}"}]},
    "PUT /v1/performance-rules": {"rules": [{"act": "invitation", "prevent_below": "0.5"}]},
}
STATED = {"since": "2026-01-01", "until": "2026-12-31"}
QUERIES: dict[str, dict[str, Any]] = {
    "GET /v1/market-requirements": {"market": "CN"},
    "GET /v1/products/{product_id}/readiness": {"market": "CN"},
    "GET /v1/products/{product_id}/export-prices": {"market": "CN"},
    "GET /v1/payment-rails": {
        "payer_country": "KG",
        "payee_country": "KG",
        "currency": "KGS",
        "amount": "1",
        "purpose": "release",
    },
    "GET /v1/ledger/accounts/{account_id}/statement": STATED,
    "GET /v1/ledger/accounts/{account_id}/statement/file": {**STATED, "format": "csv"},
    "GET /v1/ledger/trial-balance/file": {"format": "csv"},
    "GET /v1/ledger/unmatched/file": {"format": "csv"},
    "POST /v1/watch-lists/{name}/import": {
        "format": "table_csv",
        "title": "Goods",
        "source": "https://lists.example",
    },
    "POST /v1/documents": {"name": "report.pdf"},
    "POST /v1/evidence": {
        "kind": "bank_letter",
        "name": "letter.pdf",
        "holder_name": "Организация",
        "valid_from": "2026-11-01",
    },
    "POST /v1/certificates/{certificate_id}/document": {"name": "certificate.pdf"},
    "GET /v1/offers/{offer_id}/price": {"quantity": "100"},
    "POST /v1/products/{product_id}/images": {"name": "desk.png"},
    "POST /v1/tenders/{tender_id}/sealed-documents": {"envelope": "price", "id": "drawing"},
    "POST /v1/imports": {"format": "csv"},
}
MEDIA = {"POST /v1/imports": "text/csv"}
"""Of operations that take several kinds of file."""
