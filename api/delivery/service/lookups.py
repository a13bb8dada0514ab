"""Rate cards, tariffs, parameters and exchange rates as they count on a day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.delivery.models import (
    DestinationTariff,
    ExciseRate,
    ImportParameter,
    RateCharge,
    TariffRate,
    TradeRemedy,
    TransportRoute,
)
from api.reference import service as reference
from api.reference.models import FxRate, Place
from api.rules.evaluation.inputs import Rate, RateSet
from api.rules.landed_cost.inputs import (
    ZERO,
    Charge,
    Duty,
    Excise,
    ImportVat,
    Parameters,
    Remedy,
    Route,
    Sourced,
)
from api.rules.landed_cost.kinds import ParameterCode

LATEST = "latest"
"""The name of a set of rates that takes the latest one of any source."""
_PARAMETERS = {
    ParameterCode.FEE_RATE: "fee_rate",
    ParameterCode.FEE_MIN: "fee_min",
    ParameterCode.FEE_MAX: "fee_max",
    ParameterCode.VAT_RATE: "vat_rate",
    ParameterCode.VAT_ON_FEE: "vat_base_includes_fee",
    ParameterCode.INSURANCE_RATE: "insurance_rate",
    ParameterCode.INSURANCE_COVERAGE: "insurance_coverage",
}


_PLACES: Any = col(TransportRoute.places)
_LAST_PLACE = _PLACES[func.cardinality(_PLACES)]


def in_force(model: Any, day: date) -> Any:
    """Condition of the rows of a dated table that count on a day."""
    return (col(model.valid_from) <= day) & or_(
        col(model.valid_to).is_(None), col(model.valid_to) > day
    )


def values(session: Session, country: str, day: date) -> Mapping[ParameterCode, ImportParameter]:
    """The numbers of import into a country on a day, by their code."""
    rows = session.exec(
        select(ImportParameter)
        .where(ImportParameter.country == country, in_force(ImportParameter, day))
        .order_by(col(ImportParameter.valid_from))
    )
    return {row.code: row for row in rows}


def parameters(session: Session, country: str, day: date) -> tuple[Parameters | None, list[str]]:
    """The numbers of import on a day; or None, and the codes of those that are not known."""
    rows = values(session, country, day)
    missing = [code.value for code in _PARAMETERS if code not in rows]
    if missing:
        return None, missing
    numbers: dict[str, Any] = {
        name: rows[code].value.normalize() for code, name in _PARAMETERS.items()
    }
    numbers["vat_base_includes_fee"] = bool(numbers["vat_base_includes_fee"])
    sources = {name: _sourced(rows[code]) for code, name in _PARAMETERS.items()}
    return Parameters(**numbers, sources=sources), []


def rate_set(
    session: Session,
    home: str,
    currencies: Collection[str],
    *,
    source: str | None,
    day: date,
    max_age: int,
) -> RateSet:
    """The rates of a named source, or the latest of any, on or before a day and not older than
    `max_age` days. A currency without such a rate is left out."""
    wanted = {*currencies} - {home}
    first = day - timedelta(days=max_age)
    found: dict[str, Rate] = {}
    if source is None:
        for code, each in reference.rates(session, wanted, home, day).items():
            if each.day >= first:
                found[code] = Rate(each.value.normalize(), each.day, each.source)
        return RateSet(LATEST, day, dict(sorted(found.items())))
    rows = session.exec(
        select(FxRate)
        .where(
            FxRate.source == source,
            FxRate.quote == home,
            col(FxRate.base).in_(wanted),
            FxRate.day <= day,
            FxRate.day >= first,
        )
        .order_by(col(FxRate.day))
    )
    for row in rows:
        found[row.base] = Rate(row.rate.normalize(), row.day, row.source)
    return RateSet(source, day, dict(sorted(found.items())))


def routes_to(
    session: Session, destination: str, day: date, *, codes: Collection[str] = ()
) -> list[Route]:
    """Routes with a rate card on a day that end at a place, by their code; only `codes` if any."""
    query = select(TransportRoute).where(_LAST_PLACE == destination)
    if codes:
        query = query.where(col(TransportRoute.code).in_(codes))
    return _with_cards(session, query, day)


def routes_into(session: Session, country: str, day: date) -> list[Route]:
    """Routes with a rate card on a day that end at a place of a country, by their code."""
    query = select(TransportRoute).join(Place, _LAST_PLACE == col(Place.code))
    return _with_cards(session, query.where(Place.country == country), day)


def _with_cards(session: Session, query: SelectOfScalar[TransportRoute], day: date) -> list[Route]:
    rows = session.exec(query.order_by(col(TransportRoute.code))).all()
    charges = _charges(session, [row.code for row in rows], day)
    return [route_of(row, charges[row.code]) for row in rows if charges.get(row.code)]


def charges_of(session: Session, route_code: str, day: date) -> Sequence[RateCharge]:
    """The rate card of a route on a day, in the order of the way."""
    return _charges(session, [route_code], day).get(route_code, [])


def tariff_of(session: Session, tnved_code: str, day: date) -> TariffRate | None:
    """The row of the duty on a code of TN VED that counts on a day."""
    return session.exec(
        select(TariffRate)
        .where(TariffRate.tnved_code == tnved_code, in_force(TariffRate, day))
        .order_by(col(TariffRate.valid_from).desc())
    ).first()


def route_of(row: TransportRoute, charges: Sequence[RateCharge]) -> Route:
    """A route with its rate card, as the rules take it."""
    return Route(
        code=row.code,
        mode=row.mode,
        crossing=row.crossing_code,
        places=tuple(row.places),
        capacity_kg=row.capacity_kg.normalize(),
        capacity_m3=row.capacity_m3.normalize(),
        card=", ".join(dict.fromkeys(each.card for each in charges)),
        charges=tuple(
            Charge(
                code=each.code,
                kind=each.kind,
                segment=each.segment,
                from_place=each.from_place,
                to_place=each.to_place,
                basis=each.basis,
                rate=each.amount.normalize(),
                currency=each.currency,
                driver=each.driver,
                sourced=_sourced(each),
            )
            for each in charges
        ),
    )


def _charges(
    session: Session, codes: Collection[str], day: date
) -> Mapping[str, Sequence[RateCharge]]:
    rows = session.exec(
        select(RateCharge)
        .where(col(RateCharge.route_code).in_(codes), in_force(RateCharge, day))
        .order_by(col(RateCharge.valid_from))
    )
    latest = {(row.route_code, row.code): row for row in rows}
    found: dict[str, list[RateCharge]] = {}
    for row in sorted(latest.values(), key=lambda each: (each.position, each.code)):
        found.setdefault(row.route_code, []).append(row)
    return found


def duties(session: Session, codes: Collection[str], day: date) -> Mapping[str, Duty]:
    """The import duty of each code of TN VED that has one on a day."""
    rows = session.exec(
        select(TariffRate)
        .where(col(TariffRate.tnved_code).in_(codes), in_force(TariffRate, day))
        .order_by(col(TariffRate.valid_from))
    )
    return {row.tnved_code: _duty(row) for row in rows}


def _duty(row: TariffRate | DestinationTariff) -> Duty:
    return Duty(
        kind=row.kind,
        sourced=_sourced(row),
        ad_valorem=_plain(row.ad_valorem),
        specific_amount=_plain(row.specific_amount),
        specific_currency=row.specific_currency,
        specific_unit=row.specific_unit,
    )


class DestinationRates(NamedTuple):
    """Duty and VAT of goods in another country; a VAT of None is its usual rate."""

    duty: Duty | None
    vat: ImportVat | None


def destination_tariffs(
    session: Session, country: str, codes: Collection[str], day: date
) -> Mapping[str, DestinationRates]:
    """What a country takes of goods of the Kyrgyz Republic on a day, by code: of the rows that a
    code falls under, the one with most digits, then the one that began last."""
    prefixes = {code[:digits] for code in codes for digits in (6, 8, 10)}
    rows = session.exec(
        select(DestinationTariff)
        .where(
            DestinationTariff.country == country,
            col(DestinationTariff.hs_code).in_(prefixes),
            in_force(DestinationTariff, day),
        )
        .order_by(col(DestinationTariff.valid_from))
    ).all()
    found: dict[str, DestinationRates] = {}
    for code in sorted(codes):
        fitting = [row for row in rows if code.startswith(row.hs_code)]
        row = max(fitting, key=lambda each: (len(each.hs_code), each.valid_from), default=None)
        if row is not None:
            found[code] = DestinationRates(_duty(row), _vat(row))
    return found


def _vat(row: DestinationTariff) -> ImportVat | None:
    if row.vat_rate is None:
        return None
    return ImportVat(row.vat_rate.normalize(), _sourced(row))


def remedies(
    session: Session, codes: Collection[str], day: date
) -> Mapping[tuple[str, str], tuple[Remedy, ...]]:
    """The trade remedies on each code by origin, of the latest day for each producer."""
    rows = session.exec(
        select(TradeRemedy)
        .where(col(TradeRemedy.tnved_code).in_(codes), in_force(TradeRemedy, day))
        .order_by(col(TradeRemedy.valid_from))
    )
    latest = {(row.tnved_code, row.origin, row.kind, row.producer): row for row in rows}
    found: dict[tuple[str, str], list[Remedy]] = {}
    for row in sorted(latest.values(), key=lambda each: (each.kind, each.producer or "")):
        remedy = Remedy(row.kind, row.rate.normalize(), row.producer, _sourced(row))
        found.setdefault((row.tnved_code, row.origin), []).append(remedy)
    return {key: tuple(each) for key, each in found.items()}


def excises(
    session: Session, codes: Collection[str], country: str, day: date
) -> Mapping[str, Excise]:
    """The excise of a country on each code of TN VED that has one on a day."""
    rows = session.exec(
        select(ExciseRate)
        .where(
            ExciseRate.country == country,
            col(ExciseRate.tnved_code).in_(codes),
            in_force(ExciseRate, day),
        )
        .order_by(col(ExciseRate.valid_from))
    )
    return {
        row.tnved_code: Excise(
            sourced=_sourced(row),
            ad_valorem=_plain(row.ad_valorem),
            specific_amount=_plain(row.specific_amount),
            specific_currency=row.specific_currency,
            specific_unit=row.specific_unit,
        )
        for row in rows
    }


def _sourced(row: Any) -> Sourced:
    return Sourced(row.source, row.valid_from, row.reviewed)


def _plain(value: Decimal | None) -> Decimal:
    return ZERO if value is None else value.normalize()
