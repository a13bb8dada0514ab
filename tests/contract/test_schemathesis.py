"""Schemathesis sends what the OpenAPI document allows and forbids, and checks every answer.

It runs in this process, on the real database, with the credentials of each role, from a fixed
seed. The first test, with every scope, meets each boundary of each parameter and body; the
second repeats a few requests of each operation as one role alone.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zlib import crc32

import psycopg
import pytest
import schemathesis
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.meta import TestPhase
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlmodel import Session

from api.core import db, jobs
from api.main import create_app
from api.procurement.service import prequalification
from tests.catalog import samples as catalog
from tests.contracts import delivering
from tests.delivery import executing, landed, tracking
from tests.intake import signing
from tests.procurement import awarding, bidding, frameworking, prequalifying
from tests.procurement import samples as procurement
from tests.webhooks import receiving

type AsOrg = Callable[..., Any]

# Threads of the service draw random numbers (jitter of a pool) while a strategy is drawn from.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
APP = create_app()
HOOK = "https://hooks.example.kg/kerben"
AN_ID = re.compile(r"[a-z_]+_[0-9a-f]{32}")
ROLES = ("operator", "buyer", "supplier")
EVERY_ROLE = ["operator", "buyer", "supplier", "manufacturer"]
REFUSED = ["400", "401", "403", "406", "415", "422", "428"]
"""Schemathesis does not know that 428 (RFC 6585) is the answer to a missing If-Match."""
BEYOND_A_SCHEMA = [positive_data_acceptance]
"""No JSON Schema says that a cursor is signed, a code is known or a check digit right."""


@schemathesis.serializer(
    "application/x-ndjson",
    "application/zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
def file(_: Any, value: Any) -> bytes:
    """A file of one line, which is no workbook; schemathesis knows neither kind."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def document(max_examples: int, *, coverage: bool) -> Any:
    """The document of the routes, with how much is generated from it."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {
                "deterministic": True,
                "database": "none",
                "max-examples": max_examples,
            },
            "phases": {"coverage": {"enabled": coverage}, "stateful": {"enabled": False}},
            "suppress-health-check": ["all"],
            "checks": {"missing_required_header": {"expected-statuses": REFUSED}},
        }
    )
    loaded = schemathesis.openapi.from_dict(APP.openapi(), config=config)
    loaded.app = APP
    return loaded


@pytest.fixture(scope="module", autouse=True)
def _shut_down() -> Iterator[None]:
    yield
    asgi.shutdown_lifespans()


@pytest.fixture
def everybody(as_org: AsOrg) -> Any:
    return as_org(EVERY_ROLE)


@pytest.fixture
def resources(
    as_org: AsOrg, superuser: psycopg.Connection[Any], session: Session
) -> Callable[[Any, str], str | None]:
    """The id of a resource of a kind that the actor owns or sees: what ids of the kind begin with."""
    made: dict[str, str] = {}
    seller = buyer = as_org(EVERY_ROLE)

    def beside(actor: Any) -> Any:
        """Makes the parties of a case, of which the actor is the buyer if it may be one."""
        owner = actor if can(actor, "buyer") else buyer
        return lambda roles, **_: owner if roles == ["buyer"] else as_org(roles)

    def make(actor: Any, kind: str) -> str | None:
        match kind:
            case "tender":
                return str(procurement.drafted(actor if can(actor, "buyer") else buyer)["id"])
            case "cancellation":
                tender = procurement.published(actor if can(actor, "buyer") else buyer)
                url = f"/v1/tenders/{tender['id']}"
                owner = actor if can(actor, "buyer") else buyer
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
                owner = actor if can(actor, "buyer") else buyer
                answer = owner.post("/v1/plans", json=procurement.plan())
                return str(answer.json()["id"])
            case "enquiry":
                tender = procurement.published(buyer)
                asker = as_org(["supplier"])
                body = {"title": {"ru": "Срок"}, "description": {"ru": "До какого дня?"}}
                answer = asker.post(f"/v1/tenders/{tender['id']}/enquiries", json=body)
                return str(answer.json()["id"])
            case "offer":
                return str(
                    catalog.activated(
                        actor if can(actor, "supplier") else seller, sku="CONTRACT-2"
                    )["id"]
                )
            case "product":
                return str(catalog.drafted(seller, sku="CONTRACT-1")["product"]["id"])
            case "certificate":
                answer = seller.post("/v1/certificates", json=catalog.CERTIFICATE)
                return str(answer.json()["id"])
            case "client":
                body = {"name": "x", "scopes": ["offers:read"]}
                return str(actor.post("/v1/clients", json=body).json()["id"])
            case "organisation":
                return f"organisation_{seller.org_id.hex}"
            case "bid":
                return str(bidding.submit(taking(as_org), seller)["id"])
            case "opening":
                closed = taking(as_org)
                bidding.submit(closed, seller)
                bidding.pass_deadline(closed)
                return str(bidding.start(closed)["id"])
            case "landedcost":
                landed.know_rates()
                return str(landed.landed(actor if trades(actor) else buyer)["id"])
            case "shipment":
                supplier = actor if can(actor, "supplier") else seller
                owner = actor if can(actor, "buyer") else buyer
                return tracking.shipment(superuser, owner, supplier).id
            case "trackingsource":
                owner = actor if trades(actor) else seller
                return str(tracking.source(owner, "track17")["id"])
            case "submission":
                case = prequalifying.published(as_org, suppliers=0)
                return str(prequalifying.applied(case, seller)["id"])
            case "qualification":
                case = prequalifying.published(beside(actor), suppliers=2)
                for supplier in case.suppliers:
                    prequalifying.applied(case, supplier)
                end = datetime.fromisoformat(case.tender["prequalification_period_end"])
                bidding.advance(end)
                with db.worker_unit_of_work() as worker:
                    prequalification.close_due(worker, case.bidding.uuid)
                return str(prequalifying.pending(case, case.suppliers[0])["id"])
            case "contract":
                return str(executing.started(session, beside(actor)).contract["id"])
            case "dispute":
                delivery = delivering.begun(session, beside(actor))
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
                return str(awarding.proposed(awarding.ranked(session, beside(actor)))["id"])
            case "framework":
                return str(frameworking.concluded(beside(actor)).agreement["id"])
            case "complaint":
                tender = procurement.published(as_org(["buyer"]))
                author = actor if can(actor, "supplier") else seller
                return str(awarding.submitted(author, tender)["id"])
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
                return str(connected(actor if trades(actor) else seller)["id"])
            case "intakemessage":
                source = connected(actor if trades(actor) else seller)
                url, headers = source["webhook_path"], signing.standard(b"{}")
                answer = actor.client.post(url, content=b"{}", headers=headers)
                return str(answer.json()["message_id"])
            case "job":
                with db.worker_unit_of_work() as worker:
                    job = jobs.enqueue(worker, "catalog.import_offers", {}, org_id=actor.org_id)
                return f"job_{job.id.hex}"
        return None

    def find(actor: Any, kind: str) -> str | None:
        if kind not in made and (found := make(actor, kind)) is not None:
            made[kind] = found
        return made.get(kind)

    return find


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


def check(case: Any, actor: Any, resources: Callable[[Any, str], str | None]) -> None:
    """Aim a well-formed id at a resource that is there, send, and check the answer."""
    for name, given in (case.path_parameters or {}).items():
        if isinstance(given, str) and AN_ID.fullmatch(given):
            kind, _, _ = given.rpartition("_")
            case.path_parameters[name] = resources(actor, kind) or given
    case.call_and_validate(
        headers={"Authorization": f"Bearer {actor.key}"}, excluded_checks=BEYOND_A_SCHEMA
    )


load_all_checks()


def kind(case: Any) -> tuple[object, ...] | None:
    """What a case of the coverage phase tries, apart from the value it tries it with: one wrong
    type of a field, or one string too long for it, tells what five of them would. None for a case
    that was generated freely, which repeats nothing."""
    if case.meta is None or case.meta.phase.name is not TestPhase.COVERAGE:
        return None
    tried = case.meta.phase.data
    mode = case.meta.generation.mode
    return tried.description, tried.parameter, tried.parameter_location, mode


def operations(schema: Any) -> dict[str, Any]:
    """The operations of a document by their label, for example `GET /v1/tenders`."""
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


THOROUGHLY = operations(document(2, coverage=True))
BRIEFLY = operations(document(1, coverage=False))


def run(operation: Any, test: Callable[..., None]) -> None:
    """What schemathesis's `parametrize` makes of an operation, made when its turn has come: the
    cases of all operations take a minute, which every process of a run would spend."""
    build_operation_test(
        config=operation.schema.config,
        operation=operation,
        test_func=test,
        given_kwargs={},
        feedback=FeedbackSources(),
    )()


@pytest.mark.parametrize("label", sorted(THOROUGHLY))
def test_every_answer_is_documented(
    label: str, everybody: Any, resources: Callable[[Any, str], str | None]
) -> None:
    sent: set[tuple[object, ...]] = set()

    def every_case(case: Any) -> None:
        if (tried := kind(case)) in sent:
            return
        if tried is not None:
            sent.add(tried)
        check(case, everybody, resources)

    run(THOROUGHLY[label], every_case)


@pytest.mark.parametrize("label", sorted(BRIEFLY))
def test_every_answer_to_one_role_is_documented(
    label: str, as_org: AsOrg, resources: Callable[[Any, str], str | None]
) -> None:
    actor = as_org([ROLES[crc32(label.encode()) % len(ROLES)]])

    def every_case(case: Any) -> None:
        check(case, actor, resources)

    run(BRIEFLY[label], every_case)
