"""Routes about reference data: everybody reads, the operator enters exchange rates."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Query
from sqlmodel import col, select

from api.core import db
from api.core.errors import AlreadyExists
from api.core.http import PageDep, documented
from api.core.inputs import IsoDate
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.reference import locales, packages, service
from api.reference.fx import Rate, RateUnknown
from api.reference.models import (
    CertificateScheme,
    ClassificationScheme,
    FxRate,
    Place,
    PlaceKind,
    Unit,
)
from api.reference.schemas import (
    AttributeTemplateOut,
    CertificateSchemeOut,
    ClassificationDetail,
    ClassificationOut,
    ClassificationSchemeOut,
    Code,
    CountryOut,
    CurrencyCode,
    CurrencyOut,
    EffectiveRateOut,
    FxRateIn,
    FxRateOut,
    IncotermOut,
    Line,
    PackageTypeOut,
    PlaceOut,
    UnitOut,
)
from api.rules import attributes, incoterms
from api.rules.classifications import Scheme
from api.rules.clock import local_date

router = access.router("", "reference")
ROUTERS = (router,)
Read = Annotated[Context, require("reference:read")]
Admin = Annotated[Context, require("reference:admin")]
Country = Annotated[str | None, Query(pattern="^[A-Z]{2}$", examples=["KG"])]


@router.get("/classification-schemes", response_model=Page[ClassificationSchemeOut])
def list_classification_schemes(ctx: Read) -> Page[Any]:
    """The classifications that are loaded."""
    query = select(ClassificationScheme).order_by(col(ClassificationScheme.code))
    return _whole(ctx.session.exec(query).all())


@router.get("/classifications", response_model=Page[ClassificationOut])
def list_classifications(
    ctx: Read,
    page: PageDep,
    scheme: Annotated[Scheme, Query(examples=["CPV"])],
    q: Annotated[
        Line | None, Query(max_length=200, description="Words of the title, or digits of the code.")
    ] = None,
    parent: Annotated[Code | None, Query(description="Only codes below this one.")] = None,
    language: Annotated[
        Literal["ky", "ru", "en", "zh"] | None, Query(description="Search only these titles.")
    ] = None,
) -> Page[Any]:
    """Search a classification (`q`), or walk down it from the top (`parent`)."""
    scope = f"classifications:{ctx.org_id}"
    rows, cursor = service.find_classifications(
        ctx.session, page, scheme=scheme, q=q, parent=parent, language=language, scope=scope
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/classifications/{scheme}/{code}", response_model=ClassificationDetail)
def get_classification(scheme: Scheme, code: Code, ctx: Read) -> dict[str, Any]:
    """One code, with the codes above it."""
    found = service.classification(ctx.session, scheme, code)
    return {**found.model_dump(), "ancestors": [*service.ancestors(ctx.session, found)]}


@router.get("/units", response_model=Page[UnitOut])
def list_units(
    ctx: Read,
    page: PageDep,
    dimension: Annotated[str | None, Query(pattern="^[a-z_]{1,30}$", examples=["mass"])] = None,
) -> Page[Any]:
    """Units of quantity, by code."""
    return _by_code(ctx, Unit, page, "units", dimension=dimension)


@router.get("/places", response_model=Page[PlaceOut])
def list_places(
    ctx: Read, page: PageDep, country: Country = None, kind: PlaceKind | None = None
) -> Page[Any]:
    """Cities, ports, terminals and border crossings, by code."""
    return _by_code(ctx, Place, page, "places", country=country, kind=kind)


@router.get("/certificate-schemes", response_model=Page[CertificateSchemeOut])
def list_certificate_schemes(ctx: Read, page: PageDep) -> Page[Any]:
    """Kinds of certificates, by code."""
    return _by_code(ctx, CertificateScheme, page, "certificate-schemes")


@router.get("/incoterms", response_model=Page[IncotermOut])
def list_incoterms(_: Read) -> Page[Any]:
    """The eleven rules of Incoterms 2020."""
    return _whole([*incoterms.RULES.values()])


@router.get("/countries", response_model=Page[CountryOut])
def list_countries(_: Read) -> Page[Any]:
    """Every country, by its alpha-2 code."""
    return _whole([*locales.countries().values()])


@router.get("/currencies", response_model=Page[CurrencyOut])
def list_currencies(_: Read) -> Page[Any]:
    """Every currency in circulation, by code."""
    return _whole([*locales.currencies().values()])


@router.get("/package-types", response_model=Page[PackageTypeOut])
def list_package_types(_: Read) -> Page[Any]:
    """Types of packages (UN/ECE Recommendation 21, what trade by land uses), by code."""
    found = packages.package_types().items()
    return _whole([{"code": code, "names": names} for code, names in found])


@router.get("/attribute-templates", response_model=Page[AttributeTemplateOut])
def list_attribute_templates(
    ctx: Read,
    cpv: Annotated[str | None, Query(pattern="^[0-9]{8}-[0-9]$", examples=["39160000-1"])] = None,
    hs: Annotated[str | None, Query(pattern="^[0-9]{6}$", examples=["940320"])] = None,
) -> Page[Any]:
    """What goods of a CPV or HS code say of themselves as of today; without a code every template.
    Values of these attributes are checked, others are free."""
    known, today = packages.attribute_templates(), local_date(db.now(ctx.session))
    codes = {"CPV": cpv, "HS": hs}
    return _whole(attributes.applicable(known, codes, today) if cpv or hs else known)


@router.get("/fx-rates", response_model=Page[FxRateOut])
def list_fx_rates(
    ctx: Read,
    page: PageDep,
    base: CurrencyCode | None = None,
    quote: CurrencyCode | None = None,
) -> Page[Any]:
    """Exchange rates as entered, the latest day first."""
    scope = f"fx-rates:{ctx.org_id}"
    rows, cursor = service.list_rates(ctx.session, page, scope=scope, base=base, quote=quote)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get(
    "/fx-rates/effective", response_model=EffectiveRateOut, responses=documented(RateUnknown)
)
def get_effective_fx_rate(
    ctx: Read,
    base: Annotated[CurrencyCode, Query(examples=["CNY"])],
    quote: Annotated[CurrencyCode, Query(examples=["KGS"])] = "KGS",
    on: Annotated[IsoDate | None, Query(description="Today in Bishkek if left out.")] = None,
) -> Rate:
    """The rate that counts on a day: the latest one not after it, if need be through the som."""
    return service.rate(ctx.session, base, quote, on or local_date(db.now(ctx.session)))


@router.post(
    "/fx-rates", status_code=201, response_model=FxRateOut, responses=documented(AlreadyExists)
)
def create_fx_rate(data: FxRateIn, ctx: Admin) -> FxRate:
    """Enter a rate by hand; it is never changed afterwards."""
    return service.enter_rate(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)


def _by_code(
    ctx: Context,
    model: type[Unit] | type[Place] | type[CertificateScheme],
    page: PageDep,
    name: str,
    **filters: str | None,
) -> Page[Any]:
    rows, cursor = service.list_by_code(
        ctx.session, model, page, scope=f"{name}:{ctx.org_id}", filters=filters
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


def _whole(rows: Sequence[Any]) -> Page[Any]:
    return Page(items=[*rows], has_more=False, next_cursor=None)
