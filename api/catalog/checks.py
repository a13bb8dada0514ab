"""What input must satisfy beyond its shape: known codes, and an offer without contradictions.

Codes are looked up for a whole batch at once (`unknown_codes`), then rows are checked in memory.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from api.catalog.product_schemas import ProductIn
from api.catalog.schemas import OfferIn, OfferTerms
from api.core.errors import FieldError, Invalid
from api.reference import locales, packages
from api.reference import service as reference
from api.rules import attributes, incoterms, packaging
from api.rules.classifications import Scheme
from api.rules.hazards import hazard_findings
from api.rules.incoterms import WITHOUT_SEA_ACCESS
from api.rules.offers import Finding, offer_findings


class Kind(StrEnum):
    """Tables of reference codes."""

    HS = "HS"
    CPV = "CPV"
    UNIT = "unit"
    PLACE = "place"
    CURRENCY = "currency"
    COUNTRY = "country"


class Use(NamedTuple):
    """A code in the input, and where it stands there."""

    kind: Kind
    code: str
    path: str


type Codes = frozenset[tuple[Kind, str]]


def product_uses(product: ProductIn, prefix: str = "") -> list[Use]:
    """Every reference code of a product."""
    uses = [Use(Kind.COUNTRY, product.country_of_origin, f"{prefix}country_of_origin")]
    if product.hs_code:
        uses.append(Use(Kind.HS, product.hs_code, f"{prefix}hs_code"))
    if product.cpv_code:
        uses.append(Use(Kind.CPV, product.cpv_code, f"{prefix}cpv_code"))
    return uses


def offer_uses(data: OfferTerms) -> list[Use]:
    """Every reference code of an offer, and of the product that came with it."""
    uses = [
        Use(Kind.UNIT, data.unit_code, "unit_code"),
        Use(Kind.PLACE, data.place_code, "place_code"),
        Use(Kind.CURRENCY, data.currency, "currency"),
        *(Use(Kind.COUNTRY, code, f"markets/{i}") for i, code in enumerate(data.markets)),
    ]
    if isinstance(data, OfferIn) and data.product is not None:
        uses += product_uses(data.product, "product/")
    return uses


def unknown_codes(session: Session, uses: Iterable[Use]) -> Codes:
    """Those of the codes that the reference tables do not have; one query a table."""
    wanted: dict[Kind, set[str]] = {}
    for use in uses:
        wanted.setdefault(use.kind, set()).add(use.code)
    return frozenset(
        (kind, code) for kind, codes in wanted.items() for code in _unknown(session, kind, codes)
    )


def code_errors(uses: Iterable[Use], unknown: Codes) -> list[FieldError]:
    """One error for each use of an unknown code."""
    return [
        FieldError(
            pointer=f"#/{use.path}",
            code=f"unknown_{use.kind.lower()}" + ("_code" if use.kind.isupper() else ""),
            detail=f"{use.code} is not a known {use.kind} code",
        )
        for use in uses
        if (use.kind, use.code) in unknown
    ]


def product_errors(product: ProductIn, today: date, prefix: str = "") -> list[FieldError]:
    """Contradictions within a product: packages, declared hazards, attributes of its category."""
    codes = {"CPV": product.cpv_code, "HS": product.hs_code}
    known = attributes.attributes_of(
        attributes.applicable(packages.attribute_templates(), codes, today)
    )
    unknown = [
        Finding(f"pack_levels/{i}/package_type", "unknown_package_type", "Not a known code")
        for i, level in enumerate(product.pack_levels)
        if level.package_type not in packages.package_types()
    ]
    found = [
        *unknown,
        *packaging.findings(product.pack_levels, product.net_weight_kg),
        *hazard_findings(product.un_number, product.hazard_class),
        *attributes.findings(known, product.attributes),
    ]
    return [FieldError(pointer=f"#/{prefix}{f.path}", code=f.code, detail=f.detail) for f in found]


def term_errors(data: OfferTerms, today: date) -> list[FieldError]:
    """Contradictions between the terms of an offer (rules/offers.py)."""
    own = _own_product_errors(data, today)
    found = offer_findings(
        moq=data.min_order_quantity,
        multiple=data.order_multiple,
        prices=data.price_tiers,
        leads=data.lead_time_tiers,
        supply_quantity=data.supply_quantity,
        supply_period=data.supply_period,
        valid_from=data.valid_from,
        valid_through=data.valid_through,
        today=today,
    )
    return (
        [FieldError(pointer=f"#/{f.path}", code=f.code, detail=f.detail) for f in found]
        + _delivery_errors(data)
        + own
    )


def _own_product_errors(data: OfferTerms, today: date) -> list[FieldError]:
    if not isinstance(data, OfferIn) or data.product is None:
        return []
    return product_errors(data.product, today, "product/")


def _delivery_errors(data: OfferTerms) -> list[FieldError]:
    """A sea rule in an offer for countries that no ship reaches, with the rule to restate it in."""
    if not data.markets or not set(data.markets) <= WITHOUT_SEA_ACCESS:
        return []
    conflicts = [
        finding
        for finding in incoterms.check(data.incoterm, None, data.markets[0])
        if finding.severity is incoterms.Severity.BLOCKER
    ]
    return [
        FieldError(pointer="#/incoterm", code=each.code.lower(), detail=each.detail)
        for each in conflicts
    ]


def merged[M: BaseModel](model: type[M], current: dict[str, Any], patch: BaseModel) -> M:
    """`current` with the fields that the patch names, validated as a whole."""
    try:
        return model.model_validate({**current, **patch.model_dump(exclude_unset=True)})
    except ValidationError as error:
        raise Invalid(errors=shape_errors(error)) from error


def shape_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's findings as pointers into the input."""
    return [
        FieldError(
            pointer="#/" + "/".join(str(part) for part in found["loc"]),
            code=found["type"],
            detail=found["msg"],
        )
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def raise_if(errors: Sequence[FieldError]) -> None:
    """Raise Invalid with the errors, if there are any."""
    if errors:
        raise Invalid(errors=list(errors))


def _unknown(session: Session, kind: Kind, codes: set[str]) -> set[str]:
    as_pointers = {code: code for code in codes}
    match kind:
        case Kind.HS | Kind.CPV:
            scheme = Scheme(kind.value)
            return _refused(lambda: reference.ensure_codes(session, scheme, as_pointers))
        case Kind.UNIT:
            return _refused(lambda: reference.ensure_units(session, as_pointers))
        case Kind.PLACE:
            return _refused(lambda: reference.ensure_places(session, as_pointers))
        case Kind.CURRENCY:
            return codes - locales.currencies().keys()
        case Kind.COUNTRY:
            return codes - locales.countries().keys()


def _refused(ensure: Callable[[], object]) -> set[str]:
    try:
        ensure()
    except Invalid as problem:
        return {error.pointer for error in problem.errors}
    return set()
