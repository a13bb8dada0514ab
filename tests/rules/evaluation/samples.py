"""Inputs of evaluations: a good lot of three bids, changed as each test needs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from api.rules import merkle, sealing
from api.rules.evaluation.inputs import (
    Bid,
    Decision,
    Inputs,
    Justification,
    Lot,
    PolicyTerms,
    PreferenceClaim,
    Price,
    Rate,
    RateSet,
    VatStatement,
)
from api.rules.evaluation.terms import (
    AwardCriteria,
    AwardCriterion,
    Better,
    CommissionScore,
    CostElement,
    CostKind,
    CriterionType,
    LifeCycle,
    Linear,
    LotTerms,
    PointsTable,
    TieBreak,
    Timing,
    VatMode,
)

D = Decimal
CIPHERTEXT = "c" * 64
DAY = date(2027, 3, 1)
RECEIVED = datetime(2027, 2, 28, 9, tzinfo=UTC)
PRICE = AwardCriterion("price", CriterionType.PRICE, {"en": "Price"}, 10_000)
WARRANTY = Linear(D(12), D(36), Better.HIGHER)
PLACES = PointsTable({"oak": D(100), "pine": D(40)})


def leaves(count: int) -> tuple[str, ...]:
    """Leaves of envelopes with hashes that nothing hides behind."""
    parts = [(bytes.fromhex(f"{n + 1:064x}"), bytes.fromhex(CIPHERTEXT)) for n in range(count)]
    return tuple(merkle.leaf_hash(sealing.entry(*each)).hex() for each in parts)


def lot(found: tuple[str, ...]) -> Lot:
    """A lot under the Merkle root of leaves."""
    root = merkle.root([bytes.fromhex(leaf) for leaf in found]).hex()
    return Lot("ocds-kerben0-000001", "tender_1", "lot_1", root, found)


def price(amount: Any, vat: VatStatement = VatStatement.NET, **changed: Any) -> Price:
    """A price in som; with VAT of 12 % unless it is free of it."""
    rate = 0 if vat is VatStatement.NONE else 1200
    return Price(
        **{"amount": D(amount), "currency": "KGS", "vat": vat, "vat_rate_bp": rate, **changed}
    )


def bid(index: int, amount: Any, **changed: Any) -> Bid:
    """The bid of the envelope `index`, received so many minutes after the first."""
    values: dict[str, Any] = {
        "id": f"bid_{index:032x}",
        "tenderers": (f"KG-INN-{index:014d}",),
        "resident": True,
        "received_at": RECEIVED + timedelta(minutes=index),
        "commitment": f"{index + 1:064x}",
        "ciphertext_sha256": CIPHERTEXT,
        "price": price(amount),
    }
    return Bid(**{**values, **changed})


def terms(**changed: Any) -> LotTerms:
    """The lowest net price in som, ties by origin and receipt."""
    values: dict[str, Any] = {
        "award_criteria": AwardCriteria.PRICE_ONLY,
        "currency": "KGS",
        "vat_mode": VatMode.NET,
    }
    return LotTerms(**{**values, **changed})


def rated(*criteria: AwardCriterion, **changed: Any) -> LotTerms:
    """Rated criteria, as given."""
    return terms(award_criteria=AwardCriteria.RATED, criteria=criteria, **changed)


def quality(id: str, weight_bp: int, scoring: Any) -> AwardCriterion:
    """A criterion of quality."""
    return AwardCriterion(id, CriterionType.QUALITY, {"en": id}, weight_bp, scoring)


def policy(**changed: Any) -> PolicyTerms:
    """Twelve percent VAT, and neither preference nor rules about low prices."""
    values: dict[str, Any] = {
        "policy_set": "policy_1",
        "vat_rate_bp": 1200,
        "nonresident_price_adjustment": True,
        "domestic_preference_bp": 0,
        "preferred_origins": ("KG",),
    }
    return PolicyTerms(**{**values, **changed})


def inputs(*bids: Bid, **changed: Any) -> Inputs:
    """An evaluation of bids; every envelope that they name was received."""
    values: dict[str, Any] = {
        "lot": lot(leaves(max((int(each.commitment, 16) for each in bids), default=1))),
        "terms": terms(),
        "policy": policy(),
        "rates": RateSet("fx-rates", DAY, {"CNY": Rate(D("12.2345"), DAY, "NBKR")}),
        "bids": bids,
    }
    return Inputs(**{**values, **changed})


def claim(accepted: bool = True, origin: str = "KG") -> PreferenceClaim:
    """A claim of domestic manufacture."""
    return PreferenceClaim(origin, accepted, ("ST-1 42",))


AMOUNTS = st.decimals("0.01", "1000000", places=2)
LIFE = LifeCycle(
    10,
    800,
    (
        CostElement("kwh", CostKind.ENERGY, {"en": "kWh a year"}, Timing.ANNUAL, D("2.6"), "KWH"),
        CostElement("service", CostKind.MAINTENANCE, {"en": "Service"}, Timing.ANNUAL),
        CostElement("disposal", CostKind.DISPOSAL, {"en": "Disposal"}, Timing.END),
    ),
)
TERMS = (
    terms(),
    terms(vat_mode=VatMode.GROSS, tie_breaks=()),
    terms(award_criteria=AwardCriteria.COST_ONLY, life_cycle=LIFE),
    rated(
        AwardCriterion("price", CriterionType.PRICE, {"en": "Price"}, 5_000),
        quality("warranty", 2_000, WARRANTY),
        quality("wood", 1_500, PLACES),
        quality("method", 1_500, CommissionScore(D(40))),
        tie_breaks=(TieBreak.LOWER_PRICE, TieBreak.DOMESTIC),
    ),
    rated(
        AwardCriterion("cost", CriterionType.COST, {"en": "Cost"}, 7_000),
        quality("warranty", 3_000, Linear(D(12), D(36), Better.LOWER)),
        life_cycle=LIFE,
    ),
)
"""One of each kind."""

BIDS = st.builds(
    lambda index, amount, vat, currency, warranty, wood, points, accepted, home, kwh, disposal: bid(
        index,
        amount,
        price=price(amount, vat, currency=currency),
        resident=vat is not VatStatement.NONE,
        answers={"warranty": warranty, "wood": wood},
        scores={"method": {f"member_{n}": p for n, p in enumerate(points)}},
        preference=None if accepted is None else claim(accepted, home),
        costs={"kwh": kwh, "service": D(100), "disposal": disposal},
    ),
    index=st.integers(0, 10_000),
    amount=AMOUNTS,
    vat=st.sampled_from(VatStatement),
    currency=st.sampled_from(("KGS", "CNY")),
    warranty=st.sampled_from(("0", "12", "18.5", "36", "60", "-3", "long", "")),
    wood=st.sampled_from(("oak", "pine", "chipboard")),
    points=st.lists(st.decimals(0, 100, places=1), min_size=1, max_size=3),
    accepted=st.sampled_from((None, True, False)),
    home=st.sampled_from(("KG", "CN")),
    kwh=st.decimals(0, 5000, places=1),
    disposal=st.decimals(-1000, 1000, places=1),
)
POLICIES = st.builds(
    policy,
    domestic_preference_bp=st.sampled_from((0, 1500, 2000)),
    below_mean_bp=st.sampled_from((None, 4000)),
    below_next_bp=st.sampled_from((None, 3000)),
    alert_spread_bp=st.sampled_from((None, 3000)),
)


@st.composite
def evaluations(draw: st.DrawFn, *, max_bids: int = 6) -> Inputs:
    """Inputs of every kind."""
    bids = draw(st.lists(BIDS, max_size=max_bids, unique_by=lambda each: each.id))
    decided = st.sampled_from((None, *Decision))
    justified = [
        each
        if (decision := draw(decided)) is None
        else replace(each, justification=Justification(decision, "explained"))
        for each in bids
    ]
    chosen = draw(st.sampled_from(TERMS))
    judged = {each.id for each in chosen.criteria}
    placed = [
        replace(
            each,
            commitment=f"{index + 1:064x}",
            scores={name: by for name, by in each.scores.items() if name in judged},
        )
        for index, each in enumerate(justified)
    ]
    return inputs(
        *placed,
        lot=lot(leaves(max_bids)),
        terms=chosen,
        policy=draw(POLICIES),
    )
