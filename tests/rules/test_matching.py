"""The score, its features and its blockers."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import matching, matching_blockers, matching_fit
from api.rules.matching import (
    NEUTRAL,
    ONE,
    ZERO,
    Circumstances,
    Demand,
    Held,
    LeadTier,
    Parameters,
    PriceTier,
    Signals,
    Supply,
)
from api.rules.matching_blockers import BlockerCode as Code
from api.rules.offers import SupplyPeriod
from api.rules.units import Measure

TODAY = date(2026, 11, 24)
D = Decimal
DEMAND = Demand(
    item_id=UUID(int=1),
    lot_id=UUID(int=2),
    tender_id=UUID(int=3),
    buyer_id=UUID(int=4),
    texts={"ru": "Парта ученическая"},
    quantity=D(600),
    unit_code="SET",
    delivery_country="KG",
    ordered_on=TODAY + timedelta(days=20),
    deliver_by=TODAY + timedelta(days=120),
    cpv_code="39160000-1",
    lot_budget=D(6_000_000),
    delivery_place_code="kg-osh",
)
SUPPLY = Supply(
    offer_id=UUID(int=11),
    seller_id=UUID(int=12),
    seller_country="CN",
    unit_code="SET",
    min_order_quantity=D(100),
    order_multiple=D(10),
    currency="CNY",
    incoterm="DAP",
    place_code="kg-osh",
    place_country="KG",
    price_tiers=(PriceTier(D(100), D(400)), PriceTier(D(500), D(300))),
    lead_time_tiers=(LeadTier(D(100), 15), LeadTier(D(1000), 40)),
    cpv_code="39160000-1",
    seller_verified=True,
    verification_level=2,
)
AROUND = Circumstances(as_of=TODAY, rate=D(12), rate_on=TODAY)
PARAMETERS = Parameters(
    caps={"semantic": D(8), "lexical": D(8), "concept": D(4)},
    routes={"CN>KG": ("road", 16), "KG>KG": ("road", 3)},
    places={"cn-kashi": 6},
)


def facts(demand: Demand = DEMAND, supply: Supply = SUPPLY) -> matching_fit.Facts:
    return matching_fit.facts(demand, supply, AROUND, PARAMETERS)


def codes(demand: Demand = DEMAND, supply: Supply = SUPPLY) -> list[Code]:
    found = matching_blockers.blockers(demand, supply, AROUND, PARAMETERS, facts(demand, supply))
    return [blocker.code for blocker in found]


def test_an_offer_that_fits_in_everything_has_no_blocker() -> None:
    assert codes() == []


def test_the_figures_are_those_of_the_tier_at_the_quantity() -> None:
    found = facts()
    assert (found.ordered, found.unit_price, found.total) == (D(600), D(300), D(180_000))
    assert (found.converted, found.share) == (D(2_160_000), D(6_000_000))
    assert (found.lead_days, found.transit_days, found.period_days) == (15, 16, 100)


def test_what_a_maker_can_promise_in_time_takes_the_place_of_what_an_offer_says_it_makes() -> None:
    for available, fit in ((D(600), ONE), (D(300), D("0.5"))):
        around = replace(AROUND, available=available)
        found = matching_fit.facts(DEMAND, SUPPLY, around, PARAMETERS)
        assert matching_fit.quantity_fit(replace(SUPPLY, supply_quantity=None), found) == fit
        blocked = matching_blockers.blockers(DEMAND, SUPPLY, around, PARAMETERS, found)
        short = [{"asked": "600", "available": "300", "unit": SUPPLY.unit_code}] * (fit < 1)
        assert [each.details for each in blocked] == short


@pytest.mark.parametrize(
    ("demand", "supply", "code"),
    [
        ({"required_certificates": ("CE",)}, {}, Code.CERTIFICATE_MISSING),
        (
            {"required_certificates": ("CE",)},
            {"certificates": (Held("CE", "1", TODAY + timedelta(days=19)),)},
            Code.CERTIFICATE_EXPIRED,
        ),
        ({"quantity": D(99)}, {}, Code.BELOW_MIN_ORDER_QUANTITY),
        ({"deliver_by": TODAY + timedelta(days=50)}, {}, Code.LEAD_TIME_EXCEEDS_PERIOD),
        ({"incoterms": ("DDP",)}, {}, Code.INCOTERM_NOT_ACCEPTED),
        (
            {},
            {"incoterm": "FOB", "place_code": "cn-ningbo", "place_country": "CN"},
            Code.INCOTERM_MODE_CONFLICT,
        ),
        ({}, {"debarred_until": TODAY}, Code.SUPPLIER_DEBARRED),
        ({}, {"verification_level": 0}, Code.SUPPLIER_UNVERIFIED),
        ({}, {"seller_verified": False}, Code.SUPPLIER_UNVERIFIED),
        ({}, {"valid_through": TODAY + timedelta(days=19)}, Code.OFFER_EXPIRED_BEFORE_AWARD),
        ({"unit_code": "KGM"}, {}, Code.UNIT_MISMATCH),
    ],
)
def test_each_obstacle_is_one_blocker_and_never_a_zero_score(
    demand: dict[str, object], supply: dict[str, object], code: Code
) -> None:
    asked, offered = replace(DEMAND, **demand), replace(SUPPLY, **supply)  # type: ignore[arg-type]
    assert codes(asked, offered) == [code]
    found = facts(asked, offered)
    features = matching_fit.features(asked, offered, Signals(D(4), D(4), D(1)), PARAMETERS, found)
    assert matching.score(features, dict.fromkeys(features, ONE)) > 0


@pytest.mark.parametrize(
    ("demand", "supply"),
    [
        (
            {"required_certificates": ("CE",)},
            {"certificates": (Held("CE", "1", TODAY + timedelta(days=20)),)},
        ),
        ({"quantity": D(100)}, {}),
        ({"deliver_by": TODAY + timedelta(days=51)}, {}),
        ({}, {"debarred_until": TODAY - timedelta(days=1)}),
        ({}, {"verification_level": 1}),
        ({}, {"valid_through": TODAY + timedelta(days=20)}),
    ],
)
def test_at_the_very_limit_nothing_is_blocked(
    demand: dict[str, object], supply: dict[str, object]
) -> None:
    assert codes(replace(DEMAND, **demand), replace(SUPPLY, **supply)) == []  # type: ignore[arg-type]


def test_a_sea_term_that_restated_would_be_accepted_is_only_a_conflict_of_mode() -> None:
    sea = replace(SUPPLY, incoterm="CIF", place_country="CN")
    assert codes(replace(DEMAND, incoterms=("CIP",)), sea) == [Code.INCOTERM_MODE_CONFLICT]
    assert codes(replace(DEMAND, incoterms=("DAP",)), sea) == [
        Code.INCOTERM_MODE_CONFLICT,
        Code.INCOTERM_NOT_ACCEPTED,
    ]
    assert matching_fit.incoterm_proposal(DEMAND, sea) == "CIP"


@pytest.mark.parametrize(
    ("cpv", "fit"),
    [
        ("39160000-1", "1"),
        ("39161000-8", "0.8"),
        ("39112000-0", "0.55"),
        ("39500000-7", "0.3"),
        ("44000000-0", "0"),
        (None, "0.5"),
    ],
)
def test_the_code_counts_by_its_distance_in_the_hierarchy(cpv: str | None, fit: str) -> None:
    assert matching.code_fit(DEMAND, replace(SUPPLY, cpv_code=cpv)) == D(fit)


def test_the_better_of_two_codes_counts() -> None:
    demand, supply = replace(DEMAND, hs_code="940320"), replace(SUPPLY, cpv_code="44000000-0")
    assert matching.code_fit(demand, replace(supply, hs_code="940320")) == ONE
    assert matching.code_fit(demand, replace(supply, hs_code="940330")) == D("0.8")
    assert matching.code_fit(demand, replace(supply, hs_code="870110")) == ZERO


def test_quantities_are_compared_in_the_unit_of_the_offer() -> None:
    demand = replace(DEMAND, quantity=D(2), unit_code="TNE")
    around = replace(
        AROUND,
        demand_unit=Measure("TNE", "mass", D(1000)),
        offer_unit=Measure("KGM", "mass", D(1)),
    )
    supply = replace(SUPPLY, unit_code="KGM")
    assert matching_fit.facts(demand, supply, around, PARAMETERS).quantity == D(2000)


def test_capacity_in_the_time_bounds_the_quantity() -> None:
    small = replace(SUPPLY, supply_quantity=D(100), supply_period=SupplyPeriod.MONTH)
    # 100 days less 16 on the way are 2.8 months: 280 of 600 sets.
    assert matching_fit.quantity_fit(small, facts(supply=small)) == D("0.466667")


def test_a_surplus_through_the_order_multiple_costs() -> None:
    supply = replace(SUPPLY, order_multiple=D(500))
    assert matching_fit.quantity_fit(supply, facts(supply=supply)) == D("0.6")


@pytest.mark.parametrize(
    ("budget", "items", "fit"),
    [
        (D(2_160_000), 1, "0.6"),
        (D(4_000_000), 1, "1"),
        (D(1_000_000), 1, "0"),
        (D(4_320_000), 2, "0.55"),
        (None, 1, "0.5"),
    ],
)
def test_the_price_is_measured_by_the_share_of_the_budget(
    budget: Decimal | None, items: int, fit: str
) -> None:
    demand = replace(DEMAND, lot_budget=budget, lot_item_count=items)
    assert matching_fit.price_fit(demand, facts(demand)) == D(fit)


def test_without_a_rate_the_price_is_neutral() -> None:
    found = matching_fit.facts(DEMAND, SUPPLY, replace(AROUND, rate=None), PARAMETERS)
    assert matching_fit.price_fit(DEMAND, found) == NEUTRAL


def test_a_place_near_the_border_shortens_the_way() -> None:
    near = replace(SUPPLY, place_code="cn-kashi", place_country="CN")
    assert matching_fit.transit_days(DEMAND, near, PARAMETERS) == ("road", 6)
    far = replace(SUPPLY, seller_country="VN")
    assert matching_fit.transit_days(DEMAND, far, PARAMETERS) == ("unknown", 30)


def test_performance_without_data_is_neutral_and_is_learnt_slowly() -> None:
    assert matching.performance_fit(SUPPLY, PARAMETERS) == NEUTRAL
    once = replace(SUPPLY, deliveries=1, good_deliveries=1)
    assert matching.performance_fit(once, PARAMETERS) == D("0.583333")


def test_a_scorecard_with_enough_data_counts_in_the_place_of_the_prior() -> None:
    assert matching.performance_fit(replace(SUPPLY, performance=D("0.8")), PARAMETERS) == D("0.8")


def test_being_domestic_gives_no_bonus_unless_the_weight_says_so() -> None:
    home = replace(SUPPLY, seller_country="KG")
    features = matching_fit.features(DEMAND, home, Signals(), PARAMETERS, facts(supply=home))
    assert features["domestic"] == ONE
    weights = {name: ONE for name in features if name != "domestic"}
    without = matching.score(features, {**weights, "domestic": ZERO})
    assert without == matching.score({**features, "domestic": ZERO}, {**weights, "domestic": ZERO})
    assert matching.score(features, {**weights, "domestic": ONE}) > without


def test_nobody_buys_from_itself_nor_from_an_offer_for_other_markets() -> None:
    assert matching.is_open_to(DEMAND, SUPPLY)
    assert not matching.is_open_to(DEMAND, replace(SUPPLY, seller_id=DEMAND.buyer_id))
    assert not matching.is_open_to(DEMAND, replace(SUPPLY, markets=("KZ",)))
    assert matching.is_open_to(DEMAND, replace(SUPPLY, markets=("KZ", "KG")))


def test_ties_are_broken_by_a_shuffle_that_differs_by_item_and_can_be_repeated() -> None:
    offers = [uuid4() for _ in range(20)]
    scores = dict.fromkeys(offers, ONE)
    first = matching.ranked(scores, matching.tie_seed(UUID(int=1)))
    assert first == matching.ranked(scores, matching.tie_seed(UUID(int=1)))
    assert first != matching.ranked(scores, matching.tie_seed(UUID(int=2)))
    assert sorted(first) == sorted(offers)


def test_offers_of_nearly_the_same_words_are_near_duplicates() -> None:
    words = frozenset("abcdefghij")
    assert matching.near_duplicates(words, words | {"k"})
    assert not matching.near_duplicates(words, words | {"k", "l", "m"})
    assert not matching.near_duplicates(frozenset(), frozenset())


_amounts = st.decimals(min_value=D("0.000001"), max_value=D(10**9), places=6)


@given(
    quantity=_amounts,
    moq=_amounts,
    multiple=st.decimals(min_value=D("0.01"), max_value=D(1000), places=2),
    price=_amounts,
    budget=st.none() | _amounts,
    rate=st.none() | st.decimals(min_value=D("0.0001"), max_value=D(10_000), places=4),
    lead=st.integers(0, 1000),
    days=st.integers(-10, 400),
    semantic=st.decimals(min_value=D(0), max_value=D(8), places=6),
)
def test_every_feature_and_every_score_lies_between_0_and_1(
    quantity: Decimal,
    moq: Decimal,
    multiple: Decimal,
    price: Decimal,
    budget: Decimal | None,
    rate: Decimal | None,
    lead: int,
    days: int,
    semantic: Decimal,
) -> None:
    demand = replace(
        DEMAND,
        quantity=quantity,
        lot_budget=budget,
        deliver_by=DEMAND.ordered_on + timedelta(days=days),
    )
    supply = replace(
        SUPPLY,
        min_order_quantity=moq,
        order_multiple=multiple,
        price_tiers=(PriceTier(moq, price),),
        lead_time_tiers=(LeadTier(moq, lead),),
    )
    found = matching_fit.facts(demand, supply, replace(AROUND, rate=rate), PARAMETERS)
    features = matching_fit.features(demand, supply, Signals(semantic), PARAMETERS, found)
    assert set(features) == set(matching.FEATURES)
    assert all(ZERO <= value <= ONE for value in features.values())
    weights = dict.fromkeys(features, D("0.7"))
    score = matching.score(features, weights)
    assert ZERO <= score <= ONE
    assert score == matching.score(dict(reversed(features.items())), weights)
