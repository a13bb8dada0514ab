"""What the sides of a contract sign: its document, and the PDF of it. Never commits."""

from typing import Any
from uuid import UUID

import rfc8785
from sqlmodel import Session

from api.contracts import delivery_terms, order_terms, terminations, terms
from api.contracts.bases import Basis
from api.contracts.models import Contract
from api.contracts.queries import awards_of
from api.core import ids
from api.core.errors import NotFound
from api.core.signatures import paper
from api.identity import service as identity
from api.procurement.models import Tender
from api.rules.offers import plain


def document(session: Session, basis: Basis, contract: Contract) -> bytes:
    """What both sides sign, in full (RFC 8785 JSON): parties, awards or what was ordered, money,
    security, damages for delay, and for what the supplier may end the contract."""
    security = contract.performance_security
    told = {
        "version": 1,
        "id": ids.show("contract", contract.id),
        **(
            _awarded(session, contract)
            if isinstance(basis, Tender)
            else order_terms.told(session, basis)
        ),
        "buyer": _party(session, contract.buyer_id),
        "suppliers": [_party(session, org_id) for org_id in contract.suppliers],
        "value": {"amount": plain(contract.value_amount), "currency": contract.value_currency},
        "performance_security": None if security is None else plain(security),
        "late_delivery_penalty": terms.told(basis),
        "supplier_termination": terminations.told(basis),
    }
    return rfc8785.dumps(told)


def _awarded(session: Session, contract: Contract) -> dict[str, Any]:
    return {
        "type": "kerben_contract",
        "ocid": contract.ocid,
        "awards": [
            {
                "id": ids.show("award", award.id),
                "lot_id": ids.show("lot", award.lot_id),
                "bid_id": ids.show("bid", award.bid_id),
                "value": {"amount": plain(award.value_amount), "currency": award.value_currency},
                "delivery_terms": delivery_terms.of_award(session, award),
            }
            for award in awards_of(session, contract)
        ],
    }


def _party(session: Session, org_id: UUID) -> dict[str, Any]:
    found = identity.get_organisation(session, org_id)
    return {
        "id": ids.show("organisation", org_id),
        "identifier": {"scheme": found.identifier_scheme, "id": found.identifier_id},
        "legal_name": {**found.legal_name},
    }


def paper_of(contract: Contract) -> bytes:
    """The PDF of an offered contract, always the same; NotFound before it is offered."""
    if contract.document is None or contract.sha256 is None:
        raise NotFound
    return paper.render(
        contract.document,
        title=f"Contract {ids.show('contract', contract.id)}",
        sha256=contract.sha256,
        at=contract.created_at,
    )
