"""What takes several acts: a contract carried out, and bids that a commission has judged."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlmodel import Session

from api.core import db, ids
from api.payments.service import accounts, following, posting
from api.payments.service.posting import Posting
from api.procurement.models import PriceJustification
from api.rules.ledger import AccountKey, AccountKind, transfer
from tests.contracts import delivering
from tests.delivery import executing, test_invoices, tracking
from tests.payments import paying
from tests.procurement import awarding, bidding, samples
from tests.procurement.evaluation import deciding
from tests.tenancy.world import Story, ok, written

EVENT = tracking.event("story-1", "picked_up", -1)


def booked(story: Story, org_id: UUID) -> None:
    """An account of the ledger that an organisation is a party of."""
    account = AccountKey(AccountKind.ESCROW_LIABILITY, "KGS", uuid4())
    bank = AccountKey(AccountKind.BANK_CLEARING, "KGS")
    assert account.reference is not None
    told = Posting(
        key="story", kind="test", entries=transfer(bank, account, Decimal(10)), actor="test"
    )
    with db.worker_unit_of_work() as session:
        posting.post(session, told, {account.reference: [org_id]})
        found = accounts.require(session, [account], {})[account]
    story.ids["account_id"] = ids.show("ledgeraccount", found)


def executed(story: Story, session: Session, case: awarding.Case, contract: Any) -> None:
    """A contract carried out as far as a dispute."""
    item = case.tender["lots"][0]["items"][0]["id"]
    buyer, supplier = case.parties.buyer, case.parties.suppliers[0]
    made = executing.Execution(buyer, supplier, contract, item)
    executing.agree(made)
    row = made.rows()[0]["id"]
    shipment = executing.shipped(made)
    declaration = {
        "kind": "import",
        "country": "KG",
        "number": "41710010/271126/0001234",
        "procedure": "40",
        "registered_at": executing.now(),
    }
    declared = ok(supplier.post(f"/v1/shipments/{shipment['id']}/declarations", json=declaration))
    advice = ok(executing.despatch(made, shipment, "100"))
    ok(executing.receive(made, advice, "100"))
    handed = delivering.Delivery(contract, buyer, case.parties.chief, supplier, None, [row])
    ok(delivering.presented(handed, "100"))
    ok(
        buyer.post(
            handed.url("acceptances/1/defects"),
            json={"severity": "minor", "description": "Скол", "quantity": "1"},
        )
    )
    day = delivering.today(session).isoformat()
    ok(
        supplier.post(
            handed.url("excuses"),
            json={
                "kind": "border_closure",
                "first_date": day,
                "last_date": day,
                "evidence": "official_notice",
                "issuer": "State Customs Service",
                "reference": "12-3/456",
                "document_id": delivering.uploaded(supplier, b"%PDF-1.7 notice"),
            },
        )
    )
    dispute = ok(
        buyer.post(
            handed.url("disputes"),
            json={
                "type": "defect",
                "schedule_row_ids": [row],
                "description": "Две парты из партии сломаны",
                "desired_outcome": "refund",
                "claimed_amount": "20000",
            },
        )
    )
    _paid(story, handed, supplier)
    invoice = test_invoices.an_invoice("900000.00", order=contract["id"]).encode()
    ok(supplier.post(f"{made.url}/ubl/invoices", content=invoice, headers=test_invoices.XML))
    (sent,) = ok(buyer.get(f"{made.url}/invoices"))["items"]
    ok(supplier.post(f"/v1/shipments/{shipment['id']}/tracking-events", json=EVENT))
    laid, *_ = ok(buyer.get(f"{made.url}/documents"))["items"]
    story.under["/v1/contracts/{contract_id}/documents"] = {"document_id": laid["document_id"]}
    story.ids |= {
        "contract_id": contract["id"],
        "shipment_id": shipment["id"],
        "advice_id": advice["id"],
        "declaration_id": declared["id"],
        "dispute_id": dispute["id"],
        "invoice_id": sent["id"],
        "number": 1,
        "defect": 1,
        "seq": 1,
        "item": item,
        "schedule_row": row,
    }


def _paid(story: Story, handed: delivering.Delivery, supplier: Any) -> None:
    """An agreed payment schedule, another proposed; an advance due, one that waits for its guarantee; a
    refund asked for."""
    buyer, url = handed.buyer, handed.url("payment-schedule")
    parts = [
        {"number": 1, "kind": "advance", "basis_points": 1000, "guarantee_required": True},
        {"number": 2, "kind": "advance", "basis_points": 1000},
        {"number": 3, "kind": "on_acceptance", "basis_points": 8000},
    ]
    proposed = ok(buyer.request("PUT", url, json={"parts": parts}))
    account = paying.payee(supplier.org_id)
    agreed = {"sha256": proposed["sha256"], "payee_account_id": account}
    ok(supplier.post(f"{url}/accept", json=agreed))
    ok(buyer.request("PUT", url, json={"parts": parts}))
    body = {"amount": "2000000", "rail": "bank_transfer", "due_at": "2099-01-01T00:00:00Z"}
    funding = ok(buyer.post(handed.url("fundings"), json=body))
    paying.come(funding["collection_id"], Decimal(2_000_000))
    with db.worker_unit_of_work() as worker:
        assert following.follow(worker, ids.parse("contract", handed.contract["id"]))
    (due,) = ok(supplier.get(handed.url("payments")))["items"]
    back = {
        "amount": "1",
        "payee_account_id": paying.payee(buyer.org_id),
        "reason": "Лишнее",
    }
    ok(buyer.post(handed.url("refunds"), json=back))
    story.ids |= {
        "collection_id": funding["collection_id"],
        "payment_id": due["id"],
        "payeeaccount": account,
    }


def foreign(story: Story, case: awarding.Case, contract: Any, award: Any) -> None:
    """What is the stranger's, who bought as we did."""
    item = case.tender["lots"][0]["items"][0]["id"]
    made = executing.Execution(case.parties.buyer, case.parties.suppliers[0], contract, item)
    executing.agree(made)
    (bid,) = {award["bid_id"]}
    story.foreign |= {
        "tender": case.tender["id"],
        "lot": case.lot,
        "item": item,
        "award": award["id"],
        "bid": bid,
        "contract": contract["id"],
        "schedule_row": made.rows()[0]["id"],
        "shipment": executing.shipped(made)["id"],
    }


def judged(
    story: Story,
    session: Session,
    superuser: psycopg.Connection[Any],
    over: bidding.Opened,
    bidders: list[Any],
) -> None:
    """A commission, its minutes, an evaluation, a question about a price, an auction."""
    buyer = over.bidding.buyer
    url, lot = f"/v1/tenders/{over.bidding.id}", over.tender["lots"][0]["id"]
    start = datetime.fromisoformat(executing.now()).astimezone(UTC) + timedelta(hours=1)
    auction = ok(
        buyer.post(
            f"{url}/auctions",
            json={
                "lot_id": lot,
                "starts_at": start.isoformat(),
                "ends_at": (start + timedelta(hours=1)).isoformat(),
            },
        )
    )
    (seat,) = deciding.appoint(over, buyer, buyer)
    ok(deciding.declare(over, buyer))
    minutes = ok(
        buyer.post(
            f"{url}/minutes",
            json={
                "held_at": executing.now(),
                "present": [seat["id"]],
                "text": {"ru": "Комиссия рассмотрела заявки."},
            },
        )
    )
    asked = PriceJustification(
        tender_id=samples.tender_id(over.tender),
        lot_id=ids.parse("lot", lot),
        bid_id=ids.parse("bid", over.bids[0]["id"]),
        supplier_id=bidders[0].org_id,
        question="Почему?",
        answer_until=start + timedelta(days=60),
    )
    written(superuser, asked)
    (opening,) = ok(buyer.get(f"{url}/openings"))["items"]
    mine = {"tender_id": over.bidding.id, "lot_id": lot}
    for path in (
        "auctions",
        "minutes",
        "commission-members",
        "conflict-declarations",
        "lots/{lot_id}",
        "disqualifications",
        "price-justifications",
        "openings",
        "evaluations",
    ):
        story.under[f"/v1/tenders/{{tender_id}}/{path}"] = mine
    story.ids |= {
        "auction_id": auction["id"],
        "minutes_id": minutes["id"],
        "justification_id": ids.show("justification", asked.id),
        "opening_id": opening["id"],
        "commission_member": seat["id"],
        "bid": over.bids[0]["id"],
    }
