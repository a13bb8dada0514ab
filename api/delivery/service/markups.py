"""The port by which matching measures prices at their delivered cost."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlmodel import Session, col, func, select

from api.delivery.models import TariffRate
from api.delivery.service import lookups
from api.matching.scoring import DeliveredPrice
from api.rules.evaluation.inputs import EAEU
from api.rules.incoterms import RESTATED_FOR_LAND, WITHOUT_SEA_ACCESS, Incoterm
from api.rules.landed_cost.inputs import ZERO, Parameters
from api.rules.landed_cost.kinds import ParameterCode, Regime
from api.rules.landed_cost.markup import delivered_factor
from api.rules.matching import Demand, Supply


class _Day:
    """What counts on one day, looked up once for all offers."""

    def __init__(self, session: Session, day: date) -> None:
        self._session, self._day = session, day
        self._countries: dict[str, tuple[Parameters, Decimal] | None] = {}
        self._rates: Mapping[str, Decimal] | None = None

    def __call__(self, demand: Demand, supply: Supply) -> Decimal | None:
        """The factor of an offer; None for a destination whose parameters are not known.

        A code without a known duty counts as free of it: an offer is not put behind others for
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
        duty = self._duties().get(supply.hs_code or "", ZERO)
        return delivered_factor(
            term, regime, parameters, freight_share=freight_share, duty_rate=duty
        )

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
