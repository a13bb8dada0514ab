"""One story of real resources: what the organisations of a market own, and a stranger among them.

Made through the API and the builders of the other tests; rows that only workers make are written as
they leave them. Time is moved three times, always ahead: to the end of a standstill, of a tender
period, and of a time to apply.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from sqlmodel import Session, select

from api.catalog.master_models import MasterProduct
from api.core import db, ids
from api.delivery.models import ScorecardAnnotation
from api.identity import debarments
from api.intake.models import IntakeMessage
from api.payments.models import FeeInvoice
from api.procurement.service import prequalification
from api.rules.debarments import DebarmentGround
from api.rules.fees import FeePurpose, InvoiceKind
from api.rules.scorecards import AnnotationKind, AnnotationStatus, Metric
from tests.catalog import photos, uploads
from tests.catalog import samples as catalog
from tests.channels import selling
from tests.contracts import delivering, signing
from tests.delivery import landed, tracking
from tests.onboarding import applying
from tests.procurement import awarding, bidding, frameworking, prequalifying, samples
from tests.procurement.evaluation import deciding
from tests.screening import files as screened
from tests.tenancy import acts, banked, channelled, connected, secured, sourced, subscribed
from tests.tenancy.world import AsOrg, Story, ok, shown, written

INVOICE = {
    "number": "K-2026-000001",
    "kind": "invoice",
    "issue_date": "2026-11-28",
    "due_date": None,
    "credits": None,
    "reason": None,
    "withheld": True,
    "currency": "KGS",
    "tax_rate_bp": 0,
    "net": "1",
    "tax": "0",
    "gross": "1",
    "seller": {"names": {"en": "Kerben LLC"}, "identifier": "KG-INN 1", "address": None},
    "buyer": {"names": {"en": "A supplier"}, "identifier": "KG-INN 2", "address": None},
    "lines": [
        {
            "code": "commission",
            "about": "ocds-kerben0-000001",
            "rate_bp": 150,
            **dict.fromkeys(("quantity", "unit_price", "amount"), "1"),
        }
    ],
}
SAID = {"reason": "Решение комиссии"}


def told(
    session: Session,
    as_org: AsOrg,
    superuser: psycopg.Connection[Any],
    drain: Callable[[], int],
) -> Story:
    """Make everything, once."""
    stranger = as_org(["buyer", "supplier", "manufacturer", "partner"])
    story = Story({}, stranger)

    def ours(roles: list[str], **fields: Any) -> Any:
        made = as_org(roles, **fields)
        story.org_ids.add(made.org_id)
        return made

    landed.know_rates()
    ours_case = awarding.ranked(session, ours)
    who = ours_case.parties
    operator, auditor = ours(["operator"]), ours(["auditor"])
    story.actors = {
        "buyer": who.buyer,
        "chief": who.chief,
        "supplier": who.suppliers[0],
        "reviewer": who.reviewer,
        "operator": operator,
        "auditor": auditor,
    }
    theirs = awarding.ranked(
        session, lambda roles, **f: stranger if roles == ["buyer"] else as_org(roles, **f)
    )
    _basics(story, session, superuser, drain)
    acts.booked(story, who.buyer.org_id)
    _verified(story, ours(["supplier"]))
    agreement, _ = frameworking.ranked(ours)
    applying = prequalifying.published(ours, suppliers=2)
    submission = prequalifying.applied(applying, applying.suppliers[0])
    prequalifying.applied(applying, applying.suppliers[1])
    bidders = [ours(["supplier"]) for _ in range(3)]
    judged_buyer = ours(["buyer"])
    judged = deciding.published(ours, judged_buyer, auction_step_bp=100)
    handed = [
        bidding.submit(judged, each, price)
        for each, price in zip(bidders, ("9800.00", "9700.00", "9600.00"), strict=True)
    ]
    waiting = bidding.published(ours, who.buyer, holders=(), server=True)
    sealed = bidding.submit(waiting, who.suppliers[1])

    award, other = awarding.awarded(ours_case), awarding.awarded(theirs)
    offered, foreign = signing.offered(ours_case, award), signing.offered(theirs, other)
    for _ in agreement.parties.suppliers:
        awarding.awarded(agreement)
    awarding.advance(9)
    for case, contract in ((ours_case, offered), (theirs, foreign)):
        for side in (case.parties.buyer, case.parties.suppliers[0]):
            signed = ok(signing.sign(side, contract))
        if case is ours_case:
            acts.executed(story, session, case, signed)
        else:
            acts.foreign(story, case, signed, other)
        secured.secure(story, case, signed)
    concluded = frameworking.signed(agreement, ok(frameworking.conclude(agreement)))
    story.actors |= {
        "framework_buyer": agreement.parties.buyer,
        "applicant": applying.suppliers[0],
        "qualifying_buyer": applying.buyer,
        "judging_buyer": judged_buyer,
        "bidder": bidders[0],
        "waiting_bidder": who.suppliers[1],
    }
    story.ids |= {
        "tender_id": ours_case.tender["id"],
        "lot_id": ours_case.lot,
        "ocid": ours_case.tender["ocid"],
        "release_id": f"{ours_case.tender['ocid']}-000001",
        "stream": f"tender:{UUID(hex=ours_case.tender['id'][-32:]).hex}",
        "award_id": award["id"],
        "bid_id": sealed["id"],
        "framework_id": concluded["id"],
        "submission_id": submission["id"],
        "evaluation_id": ok(who.buyer.get(f"/v1/tenders/{ours_case.tender['id']}/evaluations"))[
            "items"
        ][0]["id"],
    }
    story.under["/v1/frameworks"] = {"supplier_id": concluded["suppliers"][0]["id"]}
    story.under["/v1/scorecards"] = {"supplier_id": shown(who.suppliers[0])}
    acts.judged(story, session, superuser, bidding.finished(judged, handed), bidders)
    end = datetime.fromisoformat(applying.tender["prequalification_period_end"])
    bidding.advance(end)
    with db.worker_unit_of_work() as worker:
        prequalification.close_due(worker, applying.bidding.uuid)
    story.ids["qualification_id"] = prequalifying.pending(applying, applying.suppliers[0])["id"]
    for path in ("prequalification", "submissions", "qualifications", "announce-qualifications"):
        story.under[f"/v1/tenders/{{tender_id}}/{path}"] = {"tender_id": applying.bidding.id}
    for path in ("bids", "bidding", "sealed-documents"):
        story.under[f"/v1/tenders/{{tender_id}}/{path}"] = {"tender_id": waiting.id}
    story.under["/v1/tenders/{tender_id}/framework"] = {"tender_id": agreement.tender["id"]}
    sourced.source(story, ours(["supplier"]))
    banked.bank(story, superuser)
    connected.connect(story, superuser)
    channelled.sold(story, superuser, ours(["partner"]))
    return story


def _verified(story: Story, put_out: Any) -> None:
    """A document that waits for its review, and an appeal of somebody suspended."""
    made = applying.handed_in(story.actors["supplier"])
    assert made.status_code == 201, made.text
    suspended = f"/v1/organisations/{shown(put_out)}/suspend"
    ok(story.actors["operator"].post(suspended, json=SAID))
    filed = ok(put_out.post("/v1/appeals", json={"statement": "Решение ошибочно"}))
    paper = f"/v1/certificates/{story.ids['certificate_id']}/document?name=paper.pdf"
    kept = story.actors["supplier"].post(paper, content=applying.PDF, headers=applying.UPLOAD)
    assert kept.status_code == 200, kept.text
    story.ids |= {"evidence_id": made.json()["id"], "appeal_id": filed["id"]}


def _basics(
    story: Story,
    session: Session,
    superuser: psycopg.Connection[Any],
    drain: Callable[[], int],
) -> None:
    """Drafts, plans, documents, goods, credentials, questions, complaints: what needs no time."""
    buyer, supplier, stranger = (
        story.actors["buyer"],
        story.actors["supplier"],
        story.stranger,
    )
    draft = samples.drafted(buyer)
    story.draft = {"tender_id": draft["id"], "lot_id": draft["lots"][0]["id"]}
    stopped, open_one = samples.published(buyer), samples.published(buyer)
    ok(buyer.post(f"/v1/tenders/{stopped['id']}/cancel", json=SAID))
    (cancellation,) = ok(buyer.get(f"/v1/tenders/{stopped['id']}/cancellations"))["items"]
    asked = ok(
        supplier.post(
            f"/v1/tenders/{open_one['id']}/enquiries",
            json={"title": {"ru": "Срок"}, "description": {"ru": "До какого дня?"}},
        )
    )
    sampled = catalog.sample(catalog.activated(supplier, sku="OURS-2"))
    fact = catalog.fact("counted", "10", "OURS-1", sku="OURS-2")
    ok(supplier.post("/v1/stock-movements", json={"movements": [fact]}))
    certificate = ok(supplier.post("/v1/certificates", json=catalog.CERTIFICATE))["id"]
    renewal = {"expires_on": "2033-12-31"}
    ok(supplier.post(f"/v1/certificates/{certificate}/renew", json=renewal))
    offer = catalog.drafted(supplier, sku="OURS-1")
    image = photos.added(supplier, offer["product"]["id"], photos.png())
    selling.labelled(supplier, offer["product"]["id"])
    debarment = debarments.propose(
        session,
        organisation_id=supplier.org_id,
        proposed_by=buyer.org_id,
        actor="test",
        ground=DebarmentGround.REFUSAL_TO_SIGN,
        reason="Отказ от подписания",
        origin="contract:1",
        ocid="ocds-kerben0-000001",
    )
    session.commit()
    bad = catalog.csv_file({"sku": "OURS-3", "currency": "none"})
    job = ok(uploads.posted(supplier, bad))
    scopes = {"name": "x", "scopes": ["offers:read"]}
    keyholder = bidding.Opener(buyer, "opener", "Асанова А.")
    key = {"name": "A", "role": "opener", "recipient": keyholder.identity.recipient}
    operator = story.actors["operator"]
    invoice = FeeInvoice(
        idempotency_key="story",
        org_id=supplier.org_id,
        kind=InvoiceKind.INVOICE,
        purpose=FeePurpose.COMMISSION,
        series="K",
        year=2026,
        sequence=1,
        number="K-2026-000001",
        issue_date=date(2026, 11, 28),
        currency="KGS",
        net=Decimal(1),
        tax_rate_bp=0,
        tax=Decimal(0),
        gross=Decimal(1),
        content=INVOICE,
        sha256="ab" * 32,
    )
    written(superuser, invoice)
    subscription_id = subscribed.to_a_plan(
        superuser, supplier.org_id, ids.parse("tender", open_one["id"])
    )
    alike = catalog.added(supplier)
    master = MasterProduct(names={"en": "School desk set"})
    written(superuser, master)
    feed = selling.feed(supplier)
    ok(supplier.post(f"/v1/feeds/{feed['id']}/builds"))
    listed = screened.table("x,organisation,Организация,,,,,,")
    ok(screened.sent(operator, listed))
    drain()
    case, *_ = ok(operator.get("/v1/screening-cases"))["items"]
    (match,) = ok(buyer.get(f"/v1/tenders/{open_one['id']}/matches"))["items"]
    invited = ok(
        buyer.post(f"/v1/tenders/{open_one['id']}/invitations", json={"seller_id": shown(supplier)})
    )
    story.ids |= {
        "organisation_id": shown(buyer),
        "cancellation_id": cancellation["id"],
        "enquiry_id": asked["id"],
        "invitation_id": invited["id"],
        "offer_id": offer["id"],
        "product_id": offer["product"]["id"],
        "group_id": ok(supplier.post("/v1/product-groups", json=catalog.group()))["id"],
        "image_id": image["id"],
        "price_point_id": ok(
            supplier.post(f"/v1/offers/{offer['id']}/price-points", json=catalog.price_point())
        )["id"],
        "promise_id": catalog.promised(supplier, offer["product"]["id"])["id"],
        "sample_id": ok(buyer.post("/v1/samples", json=sampled))["id"],
        "product_change_id": ok(
            supplier.post(f"/v1/products/{offer['product']['id']}/changes", json=catalog.CHANGE)
        )["id"],
        "product_duplicate_id": ok(supplier.post(f"/v1/products/{alike['id']}/find-duplicates"))[0][
            "id"
        ],
        "master_product_id": ids.show("masterproduct", master.id),
        "certificate_id": certificate,
        "plan_id": ok(buyer.post("/v1/plans", json=samples.plan()))["id"],
        "document_id": delivering.uploaded(buyer),
        "client_id": ok(buyer.post("/v1/clients", json=scopes))["id"],
        "debarment_id": ids.show("debarment", debarment.id),
        "job_id": job["id"],
        "key_id": ok(buyer.post("/v1/opener-keys", json=key))["id"],
        "complaint_id": awarding.drafted(supplier, open_one)["id"],
        "match_id": match["id"],
        "policy_set_id": ok(buyer.get("/public/policy-sets"))["items"][0]["id"],
        "source_id": tracking.source(supplier, "dcsa")["id"],
        "landed_cost_id": landed.landed(buyer)["id"],
        "case_id": case["id"],
        "fee_invoice_id": ids.show("feeinvoice", invoice.id),
        "subscription_id": subscription_id,
        "permission_id": selling.entered(supplier)["id"],
        "feed_id": feed["id"],
        "name": "own",
    }
    remark = ScorecardAnnotation(
        supplier_id=supplier.org_id,
        metric=Metric.ON_TIME_DELIVERY,
        fact="performance_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
        kind=AnnotationKind.APPEAL,
        status=AnnotationStatus.APPEALED,
        text="Письмо о сроке",
        actor="test",
    )
    written(superuser, remark)
    source = tracking.source(supplier, "track17")
    assert tracking.post(supplier.client, source, tracking.track17()).status_code == 200
    session.rollback()
    (message,) = session.exec(select(IntakeMessage.id)).all()
    story.ids |= {
        "annotation_id": ids.show("annotation", remark.id),
        "message_id": ids.show("trackingmessage", message),
    }
    ok(buyer.post("/v1/members", json={"name": "А", "email": "a@example.kg", "role": "owner"}))
    for path in ("enquiries", "matches", "invitations", "complaints", "documents", "amend"):
        story.under[f"/v1/tenders/{{tender_id}}/{path}"] = {"tender_id": open_one["id"]}
    theirs = catalog.drafted(stranger, sku="THEIRS-1")
    plan = samples.planned(stranger)
    story.foreign |= {
        "organisation": shown(stranger),
        "offer": theirs["id"],
        "product": theirs["product"]["id"],
        "document": delivering.uploaded(stranger),
        "planitem": plan["items"][0]["id"],
        "client": ok(stranger.post("/v1/clients", json=scopes))["id"],
        "trackingsource": tracking.source(stranger, "dcsa")["id"],
    }
