"""The port by which matching measures prices at their delivered cost."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, func, select

from api.delivery.models import TariffRate
from api.delivery.service import lookups
from api.identity import regions
from api.matching.scoring import DeliveredPrice
from api.reference import service as reference
from api.rules.evaluation.inputs import EAEU
from api.rules.incoterms import RESTATED_FOR_LAND, WITHOUT_SEA_ACCESS, Incoterm, names_delivery
from api.rules.landed_cost.inputs import ZERO, Parameters, Route, Terms
from api.rules.landed_cost.kinds import ParameterCode, Regime
from api.rules.landed_cost.markup import ONE, Unit, delivered_factor, unit_freight
from api.rules.matching import Demand, Supply


class _Day:
    """What counts on one day, looked up once for all offers."""

    def __init__(self, session: Session, day: date) -> None:
        self._session, self._day = session, day
        self._countries: dict[str, tuple[Parameters, Decimal] | None] = {}
        self._rates: Mapping[str, Decimal] | None = None
        self._routes: dict[str, Sequence[Route]] = {}
        self._fx: dict[str, dict[str, Decimal]] = {}
        self._unknown: set[str] = set()
        self._homes: dict[str, str | None] = {}

    def __call__(
        self, demand: Demand, supply: Supply, unit_price: Decimal | None = None
    ) -> Decimal | None:
        """The factor of an offer; None for a destination whose parameters are not known.

        Carriage is that of the cheapest route with the named place on it where the offer says what
        a unit weighs or takes, and a share of the price otherwise. A code without a known duty counts as free of it: an offer is not put behind others for
        what nobody has entered.
        """
        known = self._of(demand.delivery_country)
        if known is None:
            return None
        parameters, freight_share = known
        home, origin = demand.delivery_country, supply.seller_country
        regime = Regime.IMPORT
        if origin == home:
            regime = Regime.DOMESTIC
        elif origin in EAEU and home in EAEU:
            regime = Regime.UNION
        term = Incoterm(supply.incoterm)
        if home in WITHOUT_SEA_ACCESS:
            term = RESTATED_FOR_LAND.get(term, term)
        carriage = self._carriage(demand, supply, term, unit_price)
        if carriage is not None:
            freight_share = carriage
        duty = self._duties().get(supply.hs_code or "", ZERO)
        return delivered_factor(
            term, regime, parameters, freight_share=freight_share, duty_rate=duty
        )

    def _home(self, country: str) -> str | None:
        if country not in self._homes:
            self._homes[country] = regions.currency(self._session, country)
        return self._homes[country]

    def _carriage(
        self, demand: Demand, supply: Supply, term: Incoterm, unit_price: Decimal | None
    ) -> Decimal | None:
        """Carriage of one unit as a share of its price; None when it cannot be told."""
        measured = supply.gross_weight_kg or supply.volume_m3
        home = self._home(demand.delivery_country)
        if not (measured and unit_price and supply.place_code and supply.place_country and home):
            return None
        if not names_delivery(term):
            return None
        terms = Terms(term, supply.place_code, supply.place_country)
        unit = Unit(
            supply.gross_weight_kg or ZERO, supply.volume_m3 or ZERO, supply.packages or ZERO
        )
        routes = self._routes_to(demand)
        rates = self._rates_to(home, supply.currency)
        if supply.currency not in rates:
            return None
        found = [
            each
            for route in routes
            if (each := unit_freight(route, terms, unit, rates)) is not None
        ]
        return min(found) / (unit_price * rates[supply.currency]) if found else None

    def _routes_to(self, demand: Demand) -> Sequence[Route]:
        """Routes to the place of delivery, or to any place of its country."""
        country, place = demand.delivery_country, demand.delivery_place_code
        if country not in self._routes:
            self._routes[country] = lookups.routes_into(self._session, country, self._day)
        exact = [each for each in self._routes[country] if each.places[-1] == place]
        return exact or self._routes[country]

    def _rates_to(self, home: str, currency: str) -> Mapping[str, Decimal]:
        """What currencies cost at home: those of all rate cards, and of the price."""
        known = self._fx.setdefault(home, {home: ONE})
        wanted = {
            charge.currency
            for routes in self._routes.values()
            for route in routes
            for charge in route.charges
        } | {currency}
        if missing := wanted - known.keys() - self._unknown:
            found = reference.rates(self._session, missing, home, self._day)
            known |= {code: rate.value for code, rate in found.items()}
            self._unknown |= missing - found.keys()
        return known

    def _of(self, country: str) -> tuple[Parameters, Decimal] | None:
        if country not in self._countries:
            parameters, _ = lookups.parameters(self._session, country, self._day)
            share = lookups.values(self._session, country, self._day).get(
                ParameterCode.FREIGHT_SHARE
            )
            found = None if parameters is None or share is None else (parameters, share.value)
            self._countries[country] = found
        return self._countries[country]

    def _duties(self) -> Mapping[str, Decimal]:
        """The highest rate of the value among the codes of TN VED under a code of HS."""
        if self._rates is None:
            hs_code = func.substr(TariffRate.tnved_code, 1, 6)
            rows = self._session.exec(
                select(hs_code, func.max(col(TariffRate.ad_valorem)))
                .where(lookups.in_force(TariffRate, self._day))
                .group_by(hs_code)
            )
            self._rates = {code: rate or ZERO for code, rate in rows}
        return self._rates


def of_day(session: Session, day: date) -> DeliveredPrice:
    """The factors of offers on a day."""
    return _Day(session, day)
