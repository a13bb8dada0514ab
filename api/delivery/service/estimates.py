"""Landed costs: computed, kept with all they came from, varied. Never commits."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session, select

from api.core import audit, db, pages
from api.core.errors import FieldError, NotFound
from api.core.pages import PageQuery
from api.delivery.landed_cost import files
from api.delivery.models import EstimateSubject, LandedCostEstimate
from api.delivery.problems import LandedCostNotComputable
from api.delivery.schemas.landed_costs import LandedCostIn, WhatIfIn
from api.delivery.service import asking, composing
from api.delivery.service.composing import Computed, Known
from api.procurement.sealing import canonical
from api.rules.clock import local_date
from api.rules.landed_cost import Inputs, NotComputable, compute, sensitivity
from api.rules.landed_cost.sensitivity import Move
from api.rules.tenders import Fault

# Pointers into the inputs of the computation, as pointers into the body that they came from.
_BODY = {
    "#/terms/version": "#/delivery_terms/incoterm_version",
    "#/destination": "#/destination_place_code",
    "#/crossing": "#/crossing_code",
    "#/route": "#/route_code",
    "#/stated": "#/stated_charges",
    "#/terms": "#/delivery_terms",
}
MOST_SCENARIOS = 50


class Subject(NamedTuple):
    """What a landed cost is computed of, for whom."""

    org_id: UUID
    subject: EstimateSubject
    offer_id: UUID | None
    bid_id: UUID | None
    lot_id: UUID | None


class Scenario(NamedTuple):
    """One combination of a what-if: the total, or why there is none."""

    route_code: str | None
    fx_day: date
    day: date
    total_gross: Decimal | None
    total_net: Decimal | None
    difference: Decimal | None
    faults: Sequence[Fault]


def estimate(
    session: Session, *, org_id: UUID, actor: str, data: LandedCostIn
) -> LandedCostEstimate:
    """Compute a landed cost and keep it. Raises LandedCostNotComputable, which names the fields,
    NotFound for an offer or bid that the organisation may not see, PricesSealed before the opening,
    or ComparisonNotSetUp for a tender without landed-cost terms."""
    asked = asking.asked(session, org_id=org_id, data=data, today=local_date(db.now(session)))
    try:
        found = composing.computed(Known(session), asked)
    except NotComputable as problem:
        raise refused(problem.faults) from problem
    subject = Subject(
        org_id,
        asking.subject_of(data),
        data.offer_id,
        data.bid_id,
        data.lot_id if data.bid_id else None,
    )
    return keep(session, found, of=subject, actor=actor)


def get(session: Session, *, org_id: UUID, landed_cost_id: UUID) -> LandedCostEstimate:
    """One of the organisation's own landed costs; NotFound."""
    row = session.exec(
        select(LandedCostEstimate).where(
            LandedCostEstimate.id == landed_cost_id, LandedCostEstimate.org_id == org_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


def list_own(
    session: Session, page: PageQuery, *, org_id: UUID
) -> tuple[Sequence[LandedCostEstimate], str | None]:
    """The organisation's own landed costs, the newest first, and the next page's cursor."""
    query = select(LandedCostEstimate).where(LandedCostEstimate.org_id == org_id)
    scope = f"landed-costs:{org_id}"
    return pages.newest_first(session, query, LandedCostEstimate, page, scope=scope, filters={})


def document_of(row: LandedCostEstimate) -> dict[str, Any]:
    """The content of the file: `inputs` and `result` among others."""
    found: dict[str, Any] = canonical.loads(row.file)
    return found


def what_if(session: Session, row: LandedCostEstimate, data: WhatIfIn) -> list[Scenario]:
    """The landed cost by every combination of other routes and days, the cheapest first.

    What is not named stays as it was. Raises LandedCostNotComputable for too many combinations.
    """
    base = files.inputs_of(document_of(row)["inputs"])
    own = base.route.code if base.route else None
    routes: list[str | None] = [*dict.fromkeys(data.route_codes)] or [own]
    fx_days = [*dict.fromkeys(data.fx_days)] or [base.rates.day]
    days = [*dict.fromkeys(data.days)] or [base.day]
    if len(routes) * len(fx_days) * len(days) > MOST_SCENARIOS:
        detail = f"at most {MOST_SCENARIOS} combinations are computed at once"
        raise refused([Fault("#/route_codes", "too_many", detail)])
    known = Known(session)
    found = [
        _scenario(known, base, row.total_gross, route, fx_day, day)
        for route, fx_day, day in product(routes, fx_days, days)
    ]
    last = (True, Decimal())
    return sorted(
        found, key=lambda each: last if each.total_gross is None else (False, each.total_gross)
    )


def sensitivity_of(row: LandedCostEstimate, change_bp: int) -> list[Move]:
    """Each input moved by itself, the strongest first."""
    return sensitivity.moves(files.inputs_of(document_of(row)["inputs"]), change_bp)


def refused(faults: Iterable[Fault]) -> LandedCostNotComputable:
    """The problem that names the fields of the body which the faults come from."""
    errors = [
        FieldError(pointer=in_body(each), code=each.code, detail=each.detail) for each in faults
    ]
    return LandedCostNotComputable(errors=errors)


def in_body(fault: Fault) -> str:
    """Where in the body the cause of a fault is."""
    if fault.pointer == "#/declaration_rates":
        return "#/declaration_fx_day"
    if fault.code == "rate_missing":
        return "#/fx_day"
    for prefix, pointer in _BODY.items():
        if fault.pointer == prefix or fault.pointer.startswith(f"{prefix}/"):
            if prefix == "#/route":
                return pointer
            return pointer + fault.pointer.removeprefix(prefix)
    return fault.pointer


def _scenario(
    known: Known, base: Inputs, total: Decimal, route: str | None, fx_day: date, day: date
) -> Scenario:
    try:
        moved = base if day == base.day else composing.with_day(known, base, day)
        if route is not None and (moved.route is None or route != moved.route.code):
            moved = composing.with_route(known, moved, route)
        if fx_day != moved.rates.day:
            moved = composing.with_rates(known, moved, fx_day)
        result = compute(moved)
    except NotComputable as problem:
        return Scenario(route, fx_day, day, None, None, None, problem.faults)
    difference = result.total_gross - total
    return Scenario(route, fx_day, day, result.total_gross, result.total_net, difference, [])


def keep(
    session: Session, found: Computed, *, of: Subject | LandedCostEstimate, actor: str
) -> LandedCostEstimate:
    """Keep what was computed: of a subject, or as the next of an estimate's chain."""
    inputs, result = found
    text = files.write(inputs, result)
    row = LandedCostEstimate(
        org_id=of.org_id,
        subject=of.subject,
        offer_id=of.offer_id,
        bid_id=of.bid_id,
        lot_id=of.lot_id,
        incoterm=inputs.terms.incoterm.value,
        route_code=inputs.route.code if inputs.route else None,
        day=inputs.day,
        currency=result.currency,
        customs_value=result.customs_value,
        total_gross=result.total_gross,
        total_net=result.total_net,
        flags=flags_of(found),
        previous_id=of.id if isinstance(of, LandedCostEstimate) else None,
        file=text,
        sha256=files.sha256(text),
        inputs_sha256=files.inputs_sha256(inputs),
    )
    session.add(row)
    session.flush()
    change = {"sha256": row.sha256, "subject": row.subject.value}
    audit.record(
        session,
        f"landedcost:{row.id.hex}",
        "compute",
        actor=actor,
        org_id=row.org_id,
        change=change,
    )
    return row


def flags_of(found: Computed) -> list[str]:
    """The codes of notices, and that numbers were used which nobody has reviewed."""
    flags = [each.code for each in found.result.notices]
    return [*dict.fromkeys(flags), *(["UNREVIEWED_PARAMETERS"] if found.result.unreviewed else [])]
