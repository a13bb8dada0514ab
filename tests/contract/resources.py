"""A resource of each kind that a path names, and an actor that owns or sees it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from api.core import db, jobs
from api.procurement.service import prequalification
from tests import remembered
from tests.catalog import samples as catalog
from tests.channels import selling
from tests.contracts import delivering
from tests.delivery import executing, landed, tracking
from tests.intake import signing
from tests.procurement import awarding, bidding, frameworking, prequalifying
from tests.procurement import samples as procurement
from tests.webhooks import receiving

type AsOrg = Callable[..., Any]
HOOK = "https://hooks.example.kg/kerben"
EVERY_ROLE = ("operator", "buyer", "supplier", "manufacturer")


class Staged(NamedTuple):
    """An actor, and the id of one resource of each kind."""

    actor: Any
    ids: Mapping[str, str]


@remembered.remembered
def staged(
    session: Session, as_org: AsOrg, roles: tuple[str, ...], kinds: tuple[str, ...]
) -> Staged:
    """An organisation with these roles, and resources that it owns or sees."""
    actor = as_org([*roles])
    made = {}
    if kinds:
        other = as_org([*EVERY_ROLE])
        made = {kind: _made(session, as_org, actor, other, kind) for kind in kinds}
    return Staged(actor, {kind: found for kind, found in made.items() if found is not None})


def _made(session: Session, as_org: AsOrg, actor: Any, other: Any, kind: str) -> str | None:
    """The id of a new resource of a kind: what its ids begin with. None where there is none."""
    owner = actor if can(actor, "buyer") else other
    supplier = actor if can(actor, "supplier") else other
    trader = actor if trades(actor) else other

    def beside(roles: list[str], **_: Any) -> Any:
        """Makes the parties of a case, of which the owner is the buyer."""
        return owner if roles == ["buyer"] else as_org(roles)

    match kind:
        case "tender":
            return str(procurement.drafted(owner)["id"])
        case "cancellation":
            tender = procurement.published(owner)
            url = f"/v1/tenders/{tender['id']}"
            owner.post(f"{url}/cancel", json={"reason": "Нет средств"})
            return str(owner.get(f"{url}/cancellations").json()["items"][0]["id"])
        case "document":
            answer = actor.post(
                "/v1/documents",
                params={"name": "terms.pdf"},
                content=b"%PDF-1.7",
                headers={"Content-Type": "application/octet-stream"},
            )
            return str(answer.json()["id"]) if answer.status_code == 201 else None
        case "plan":
            answer = owner.post("/v1/plans", json=procurement.plan())
            return str(answer.json()["id"])
        case "enquiry":
            tender = procurement.published(owner)
            asker = as_org(["supplier"])
            body = {"title": {"ru": "Срок"}, "description": {"ru": "До какого дня?"}}
            answer = asker.post(f"/v1/tenders/{tender['id']}/enquiries", json=body)
            return str(answer.json()["id"])
        case "offer":
            return str(catalog.activated(supplier, sku="CONTRACT-2")["id"])
        case "product":
            return str(catalog.drafted(supplier, sku="CONTRACT-1")["product"]["id"])
        case "certificate":
            answer = supplier.post("/v1/certificates", json=catalog.CERTIFICATE)
            return str(answer.json()["id"])
        case "exportpermission":
            return str(selling.entered(supplier)["id"])
        case "feed":
            return str(selling.feed(supplier)["id"])
        case "client":
            body = {"name": "x", "scopes": ["offers:read"]}
            return str(actor.post("/v1/clients", json=body).json()["id"])
        case "organisation":
            return f"organisation_{other.org_id.hex}"
        case "bid":
            return str(bidding.submit(taking(as_org), supplier)["id"])
        case "opening":
            closed = taking(as_org)
            bidding.submit(closed, supplier)
            bidding.pass_deadline(closed)
            return str(bidding.start(closed)["id"])
        case "landedcost":
            landed.know_rates()
            return str(landed.landed(trader)["id"])
        case "shipment":
            return tracking.shipment(remembered.connection(), owner, supplier).id
        case "trackingsource":
            return str(tracking.source(trader, "track17")["id"])
        case "submission":
            case = prequalifying.published(as_org, suppliers=0)
            return str(prequalifying.applied(case, supplier)["id"])
        case "qualification":
            case = prequalifying.published(beside, suppliers=2)
            for each in case.suppliers:
                prequalifying.applied(case, each)
            end = datetime.fromisoformat(case.tender["prequalification_period_end"])
            bidding.advance(end)
            with db.worker_unit_of_work() as worker:
                prequalification.close_due(worker, case.bidding.uuid)
            return str(prequalifying.pending(case, case.suppliers[0])["id"])
        case "contract":
            return str(executing.started(session, beside).contract["id"])
        case "dispute":
            delivery = delivering.begun(session, beside)
            body = {
                "type": "defect",
                "schedule_row_ids": delivery.rows,
                "description": "Две парты сломаны",
                "desired_outcome": "refund",
                "claimed_amount": "20000",
            }
            answer = delivery.buyer.post(delivery.url("disputes"), json=body)
            return str(answer.json()["id"])
        case "award":
            return str(awarding.proposed(awarding.ranked(session, beside))["id"])
        case "framework":
            return str(frameworking.concluded(beside).agreement["id"])
        case "complaint":
            tender = procurement.published(as_org(["buyer"]))
            return str(awarding.submitted(supplier, tender)["id"])
        case "member":
            body = {"name": "Айгүл", "email": "aigul@example.kg", "role": "owner"}
            return str(actor.post("/v1/members", json=body).json()["id"])
        case "endpoint":
            return str(receiving.endpoint(actor, HOOK)["id"])
        case "delivery":
            receiving.endpoint(actor, HOOK)
            receiving.happen(actor.org_id)
            receiving.relayed()
            found = actor.get("/v1/webhook-deliveries").json()["items"]
            return str(found[0]["id"])
        case "intakesource":
            return str(connected(trader)["id"])
        case "intakemessage":
            source = connected(trader)
            url, headers = source["webhook_path"], signing.standard(b"{}")
            answer = actor.client.post(url, content=b"{}", headers=headers)
            return str(answer.json()["message_id"])
        case "job":
            with db.worker_unit_of_work() as worker:
                job = jobs.enqueue(worker, "catalog.import_offers", {}, org_id=actor.org_id)
            return f"job_{job.id.hex}"
    return None


def taking(as_org: AsOrg) -> bidding.Bidding:
    """A tender that takes bids in the open, which need no ceremony."""
    return bidding.published(as_org, as_org(["buyer"]), holders=(), server=True)


def connected(actor: Any) -> Any:
    """A source that posts what it signs."""
    body = {"name": "ERP", "provider": "partner", "secret": signing.WHSEC}
    answer = actor.post("/v1/intake-sources", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def trades(actor: Any) -> bool:
    return can(actor, "buyer") or can(actor, "supplier")


def can(actor: Any, role: str) -> bool:
    return role in actor.get("/v1/organisations/me").json()["roles"]
