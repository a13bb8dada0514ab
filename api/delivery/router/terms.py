"""Routes of delivery terms, and of what landed costs are computed from."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from sqlmodel import col, select

from api.core import db
from api.core.errors import NotFound
from api.core.inputs import IsoDate
from api.core.pages import Page
from api.delivery.models import Crossing, TariffRate, TransportRoute
from api.delivery.schemas.goods import TermsCheckIn, TnvedCode
from api.delivery.schemas.landed_costs import RouteCode
from api.delivery.schemas.terms import (
    CrossingOut,
    ImportParameterOut,
    RateChargeOut,
    RouteOut,
    RuleMatrixOut,
    TariffOut,
    TermsCheckOut,
)
from api.delivery.service import lookups
from api.identity import access
from api.identity.access import Context, require
from api.reference import service as reference
from api.rules import incoterms
from api.rules.clock import local_date
from api.rules.incoterms import (
    AT_PREMISES,
    DEVIATIONS,
    INSURED,
    MATRIX,
    RULES,
    Incoterm,
    Severity,
)
from api.rules.incoterms.matrix import UNVERIFIED
from api.rules.transport import TransportMode

router = access.router("", "delivery-terms")
Read = Annotated[Context, require("reference:read")]
On = Annotated[IsoDate | None, Query(description="Today in Bishkek if left out.")]


@router.get("/delivery-terms/matrix", response_model=Page[RuleMatrixOut])
def matrix(_: Read) -> Page[Any]:
    """Who does and pays each obligation under each rule of Incoterms 2020, and where risk and
    cost pass."""
    rows = [
        {
            "code": code,
            "mode": rule.mode,
            "named_place": rule.named_place,
            "cost_point": rule.cost_point,
            "risk_point": rule.risk_point,
            "names": {**rule.names},
            "obligations": {row: cells[code] for row, cells in MATRIX.items()},
            "at_sellers_premises": {**AT_PREMISES} if code is Incoterm.FCA else {},
            "deviations": {each: by[code] for each, by in DEVIATIONS.items() if code in by},
            "insurance": INSURED.get(code),
            "unverified": [row for row in MATRIX if (row, code) in UNVERIFIED],
        }
        for code, rule in RULES.items()
    ]
    return Page(items=rows, has_more=False, next_cursor=None)


@router.post("/delivery-terms/check", response_model=TermsCheckOut)
def check(data: TermsCheckIn, ctx: Read) -> dict[str, Any]:
    """What does not fit in terms of delivery, with the rule to restate them in. Changes nothing."""
    country = reference.country_of_place(ctx.session, data.place_code)
    terms = incoterms.DeliveryTerms(
        incoterm=data.incoterm,
        version=data.incoterm_version,
        place_code=data.place_code if country else None,
        place_country=country,
        named_place=data.named_place or data.place_code,
        is_seller_premises=data.is_seller_premises,
        importer_of_record=data.importer_of_record,
        importer_tax_id=data.importer_tax_id,
        vat_recovered_by=data.vat_recovered_by,
        legs=tuple(data.legs),
        deviations=data.deviations,
    )
    found = incoterms.check_terms(terms, data.destination_country)
    term = data.incoterm.upper()
    rule = RULES[Incoterm(term)] if term in RULES else None
    return {
        "usable": all(each.severity is not Severity.BLOCKER for each in found),
        "findings": found,
        "cost_point": rule.cost_point if rule else None,
        "risk_point": rule.risk_point if rule else None,
    }


@router.get("/crossings", response_model=Page[CrossingOut])
def list_crossings(ctx: Read) -> Page[Any]:
    """Border crossings, by code; UN/LOCODE lacks most of them."""
    rows = ctx.session.exec(select(Crossing).order_by(col(Crossing.code))).all()
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get("/transport-routes", response_model=Page[RouteOut])
def list_routes(
    ctx: Read,
    mode: TransportMode | None = None,
    crossing: Annotated[
        str | None, Query(pattern="^[a-z0-9-]{2,40}$", examples=["torugart"])
    ] = None,
) -> Page[Any]:
    """Routes over the crossings, by code."""
    query = select(TransportRoute).order_by(col(TransportRoute.code))
    if mode is not None:
        query = query.where(TransportRoute.mode == mode)
    if crossing is not None:
        query = query.where(TransportRoute.crossing_code == crossing)
    return Page(items=[*ctx.session.exec(query).all()], has_more=False, next_cursor=None)


@router.get("/transport-routes/{code}/charges", response_model=Page[RateChargeOut])
def list_charges(code: RouteCode, ctx: Read, on: On = None) -> Page[Any]:
    """The rate card of a route as it counts on a day, in the order of the way."""
    found = ctx.session.exec(select(TransportRoute).where(TransportRoute.code == code)).first()
    if found is None:
        raise NotFound
    rows = lookups.charges_of(ctx.session, code, on or _today(ctx))
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get("/tariff-rates/{tnved_code}", response_model=TariffOut)
def get_tariff(tnved_code: TnvedCode, ctx: Read, on: On = None) -> TariffRate:
    """The import duty on a code of TN VED as it counts on a day."""
    row = lookups.tariff_of(ctx.session, tnved_code, on or _today(ctx))
    if row is None:
        raise NotFound(f"No duty of {tnved_code} is known on that day.")
    return row


@router.get("/import-parameters", response_model=Page[ImportParameterOut])
def list_parameters(
    ctx: Read,
    country: Annotated[str, Query(pattern="^[A-Z]{2}$", examples=["KG"])] = "KG",
    on: On = None,
) -> Page[Any]:
    """Fee, tax and insurance as they count on a day, each with its source and whether it was
    reviewed."""
    rows = lookups.values(ctx.session, country, on or _today(ctx))
    return Page(items=[rows[code] for code in sorted(rows)], has_more=False, next_cursor=None)


def _today(ctx: Context) -> date:
    return local_date(db.now(ctx.session))
