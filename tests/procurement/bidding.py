"""Bids for tests: a tender with openers, sealed bids, the deadline, and the opening.

Everything goes through HTTP and the real services; only time is moved, by the sandbox's clock.

    opened = bidding.opened(as_org, buyer, [(supplier, "9850"), (other, "9700")])
    opened.tender, opened.bids, opened.record
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from api.core import db, ids, sandbox
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.procurement import service as procurement
from api.procurement.sealing import ceremony, envelopes, opening
from api.procurement.sealing.ceremony import Member, Scope, TenderKey
from api.procurement.sealing.documents import instant
from api.procurement.sealing.envelopes import Closed, Context
from api.procurement.sealing.keys import Identity
from api.rules.sealing import EnvelopeKind
from tests.conftest import Actor
from tests.procurement import samples

type AsOrg = Callable[..., Any]
PRICE = EnvelopeKind.PRICE
TECHNICAL = EnvelopeKind.TECHNICAL
THRESHOLD = 2


@dataclass(frozen=True)
class Opener:
    """One who holds a share: its credentials, and the private key on its own machine."""

    actor: Actor
    role: str
    name: str
    identity: Identity = field(default_factory=Identity.generate)


@dataclass(frozen=True)
class Bidding:
    """A published tender that takes sealed bids; `keys` is empty in the mode `server`."""

    buyer: Actor
    tender: Any
    openers: Sequence[Opener]
    keys: dict[EnvelopeKind, TenderKey]

    @property
    def id(self) -> str:
        return str(self.tender["id"])

    @property
    def uuid(self) -> UUID:
        return samples.tender_id(self.tender)


@dataclass(frozen=True)
class Opened:
    """A tender whose bids are opened: as the API answers, and the signed record's content."""

    bidding: Bidding
    tender: Any
    bids: list[Any]
    record: Any


def another_client(actor: Actor) -> Actor:
    """Further credentials of the same organisation, with every scope."""
    with db.worker_unit_of_work() as session:
        organisation = session.get_one(Organisation, actor.org_id)
        scopes = identity.full_scopes(organisation)
        _, key = identity.create_client(
            session,
            org_id=actor.org_id,
            actor="test",
            data=ClientIn(name="opener", scopes=scopes),
            grantable=scopes,
        )
    return Actor(actor.org_id, key, actor.client)


def openers(as_org: AsOrg, buyer: Actor, count: int = 3) -> list[Opener]:
    """So many openers of the buyer, and an auditor of another organisation; all registered."""
    found = [Opener(another_client(buyer), "opener", f"Opener {n}") for n in range(1, count + 1)]
    found.append(Opener(as_org(["auditor"]), "auditor", "Auditor"))
    for each in found:
        body = {"name": each.name, "role": each.role, "recipient": each.identity.recipient}
        answer = each.actor.post("/v1/opener-keys", json=body)
        assert answer.status_code == 201, answer.text
    return found


def ceremony_of(
    tender: Any,
    holders: Sequence[Opener],
    kind: EnvelopeKind = PRICE,
    *,
    threshold: int = THRESHOLD,
    opens_at: str | None = None,
) -> TenderKey:
    """The document of a ceremony for a draft; it opens when the tender period ends."""
    end = datetime.fromisoformat(opens_at or tender["tender_period_end"])
    scope = Scope(tender=tender["ocid"], envelope=kind, opens_at=instant(end))
    members = [
        Member.model_validate(
            {"name": each.name, "role": each.role, "recipient": each.identity.recipient}
        )
        for each in holders
    ]
    return ceremony.perform(scope, threshold, members)


def published(
    as_org: AsOrg,
    buyer: Actor,
    *,
    holders: Sequence[Opener] | None = None,
    terms: dict[str, Any] | None = None,
    framework: dict[str, Any] | None = None,
    server: bool = False,
    **changed: Any,
) -> Bidding:
    """A published tender that takes sealed bids; `server`: one without a ceremony."""
    draft = samples.drafted(buyer, **changed)
    url = f"/v1/tenders/{draft['id']}"
    if terms is not None:
        answer = buyer.request("PUT", f"{url}/submission-terms", json=terms)
        assert answer.status_code == 200, answer.text
    if framework is not None:
        answer = buyer.request("PUT", f"{url}/framework-terms", json=framework)
        assert answer.status_code == 200, answer.text
    two = bool(terms and terms.get("two_envelopes"))
    found = openers(as_org, buyer) if holders is None else holders
    keys = {}
    for kind in (TECHNICAL, PRICE) if two else (PRICE,):
        if not server:
            keys[kind] = ceremony_of(draft, found, kind)
            answer = buyer.post(f"{url}/keys", json=keys[kind].model_dump(mode="json"))
            assert answer.status_code == 201, answer.text
    answer = buyer.post(f"{url}/publish")
    assert answer.status_code == 200, answer.text
    return Bidding(buyer, answer.json(), found, keys)


def content(tender: Any, unit_price: str = "9850.00", **changed: Any) -> dict[str, Any]:
    """A valid bid for every lot of a tender, each item at the same unit price."""
    lots = []
    for lot in tender["lots"]:
        total = sum(Decimal(item["quantity"]) * Decimal(unit_price) for item in lot["items"])
        lots.append(
            {
                "lot_id": lot["id"],
                "value": {"amount": f"{total:.2f}", "currency": "KGS"},
                "vat_included": True,
                "incoterm": (lot["incoterms"] or ["DAP"])[0],
                "named_place": "Osh",
                "dispatch_country": "KG",
                "lead_days": 30,
                "items": [
                    {
                        "item_id": item["id"],
                        "quantity": item["quantity"],
                        "unit_price": unit_price,
                        "country_of_origin": "KG",
                    }
                    for item in lot["items"]
                ],
            }
        )
    return {"lots": lots, **changed}


def seal(
    bidding: Bidding,
    supplier: Actor,
    what: dict[str, Any],
    *,
    kind: EnvelopeKind = PRICE,
    id: str | None = None,
    version: int = 1,
    recipient: str | None = None,
    **context: Any,
) -> tuple[dict[str, Any], Closed]:
    """An envelope for the API, and what the supplier keeps of it."""
    sealed_for = Context.model_validate(
        {
            "tender": bidding.tender["ocid"],
            "tenderer": ids.show("organisation", supplier.org_id),
            "envelope": kind,
            "id": id or str(uuid4()),
            "version": version,
            **context,
        }
    )
    closed = envelopes.seal(what, sealed_for, recipient or bidding.keys[kind].recipient)
    envelope = {
        "kind": kind.value,
        "id": sealed_for.id,
        "version": sealed_for.version,
        "sealed": closed.sealed.model_dump(mode="json"),
    }
    return envelope, closed


def submit(
    bidding: Bidding,
    supplier: Actor,
    what: dict[str, Any] | str = "9850.00",
    *,
    tenderers: Sequence[Actor] = (),
    **sealing: Any,
) -> Any:
    """A bid handed in, as the API answers: sealed, or in the open in the mode `server`.

    `what` is its content, or the unit price of a valid one.
    """
    body = content(bidding.tender, what) if isinstance(what, str) else what
    if bidding.keys:
        envelope, _ = seal(bidding, supplier, body, **sealing)
    else:
        envelope = {"kind": "price", "id": str(uuid4()), "version": 1, "content": body}
    answer = supplier.post(
        f"/v1/tenders/{bidding.id}/bids",
        json={
            "envelopes": [envelope],
            "tenderers": [ids.show("organisation", each.org_id) for each in tenderers],
        },
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def advance(until: datetime) -> None:
    """Move the sandbox's clock to an instant, if it is still ahead."""
    with db.worker_unit_of_work() as session:
        ahead = (until - db.now(session)) / timedelta(seconds=1)
        if ahead >= 0:
            sandbox.advance(session, actor="test", seconds=int(ahead) + 1)


def pass_deadline(bidding: Bidding) -> None:
    """Move the clock past the tender period and close the tender, as its deadline does."""
    answer = bidding.buyer.get(f"/v1/tenders/{bidding.id}").json()
    advance(datetime.fromisoformat(answer["tender_period_end"]).astimezone(UTC))
    with db.worker_unit_of_work() as session:
        assert procurement.close_due(session, bidding.uuid)


def start(bidding: Bidding, kind: EnvelopeKind = PRICE) -> Any:
    """An opening begun by the buyer, as the API answers."""
    answer = bidding.buyer.post(f"/v1/tenders/{bidding.id}/openings", json={"envelope": kind})
    assert answer.status_code == 201, answer.text
    return answer.json()


def share(bidding: Bidding, begun: Any, opener: Opener) -> dict[str, Any]:
    """What an opener hands in: its share, released to the session on its own machine."""
    if begun["session"] is None:
        return {}
    session = opening.Session.model_validate(begun["session"])
    key = bidding.keys[session.envelope]
    with db.worker_unit_of_work() as clock:
        now = db.now(clock)
    released = opening.release(opener.identity, key, session, now=now)
    return {"released": base64.b64encode(released).decode()}


def release(bidding: Bidding, begun: Any, opener: Opener) -> Any:
    """The answer to an opener who hands in its share."""
    url = f"/v1/openings/{begun['id']}/shares"
    return opener.actor.post(url, json=share(bidding, begun, opener))


def open_ready(begun: Any) -> None:
    """What the workers do once an opening has its shares."""
    with db.worker_unit_of_work() as session:
        assert procurement.open_ready(session, ids.parse("opening", begun["id"]))


def open_all(bidding: Bidding, kind: EnvelopeKind = PRICE) -> Any:
    """Open one kind of envelopes with as many openers as are needed; the opening as answered."""
    begun = start(bidding, kind)
    for opener in bidding.openers[: begun["threshold"]]:
        answer = release(bidding, begun, opener)
        assert answer.status_code == 201, answer.text
    open_ready(begun)
    return bidding.buyer.get(f"/v1/openings/{begun['id']}").json()


def opened(
    as_org: AsOrg,
    buyer: Actor,
    bids: Sequence[tuple[Actor, dict[str, Any] | str]],
    **changed: Any,
) -> Opened:
    """A tender whose bids are handed in, closed and opened; `bids` are suppliers with what they
    bid: the unit price of a valid bid, or a function's result of `content`."""
    made = published(as_org, buyer, **changed)
    handed = [submit(made, supplier, what) for supplier, what in bids]
    return finished(made, handed)


def finished(made: Bidding, handed: Sequence[Any]) -> Opened:
    """Past the deadline, with the bids that were handed in opened."""
    pass_deadline(made)
    over = open_all(made)
    assert over["status"] == "opened", over["failure"]
    return Opened(
        made,
        made.buyer.get(f"/v1/tenders/{made.id}").json(),
        [made.buyer.get(f"/v1/bids/{bid['id']}").json() for bid in handed],
        over["record"]["content"],
    )
