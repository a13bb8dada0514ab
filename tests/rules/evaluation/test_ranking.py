"""The rank: what may influence it and what may not."""

import random
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.rules.evaluation import Inputs, NotEvaluable, evaluate
from api.rules.evaluation.inputs import (
    Adjustment,
    Decision,
    Justification,
    RateSet,
    Reason,
    VatStatement,
)
from api.rules.evaluation.results import LowConsequence, Result
from api.rules.evaluation.terms import AwardCriteria, CriterionType, TieBreak
from tests.rules.evaluation import samples
from tests.rules.evaluation.samples import bid, claim, inputs, policy, price, terms


def order(result: Result) -> list[int]:
    """The ranking by the numbers of the samples."""
    return [int(each.removeprefix("bid_"), 16) for each in result.ranking]


def test_the_lowest_price_is_first_whatever_its_vat_and_currency() -> None:
    found = evaluate(
        inputs(
            bid(1, "1000.01"),
            bid(2, 1120, price=price(1120, VatStatement.GROSS)),
            bid(3, 81, price=price(81, VatStatement.NONE, currency="CNY"), resident=False),
        )
    )
    assert order(found) == [3, 2, 1]
    assert [each.rank for each in found.bids] == [3, 2, 1]
    assert [each.decided_by for each in found.bids] == ["figure", "figure", None]


@given(samples.evaluations(), st.randoms(use_true_random=False))
def test_the_order_of_the_bids_has_no_influence(given: Inputs, shuffle: random.Random) -> None:
    bids = [*given.bids]
    shuffle.shuffle(bids)
    assert evaluate(replace(given, bids=tuple(bids))) == evaluate(given)


@given(samples.evaluations())
def test_every_bid_is_ranked_once_or_has_a_reason(given: Inputs) -> None:
    found = evaluate(given)
    assert [each.id for each in found.bids] == sorted(each.id for each in given.bids)
    for each in found.bids:
        assert (each.rank is None) == bool(each.reasons)
    ranked = sorted((each.rank, each.id) for each in found.bids if each.rank is not None)
    assert [rank for rank, _ in ranked] == [*range(1, len(ranked) + 1)]
    assert [id for _, id in ranked] == [*found.ranking]


@given(samples.evaluations(), st.sampled_from((0, 500, 2500)))
def test_preference_never_touches_the_price_of_a_contract(given: Inputs, margin: int) -> None:
    changed = replace(given, policy=replace(given.policy, domestic_preference_bp=margin))
    stated = {each.id: each.price for each in given.bids}
    for each in evaluate(changed).bids:
        assert each.price == stated[each.id]
        assert each.figures.ranking == each.figures.comparable + each.figures.margin
        assert each.figures.margin == 0 or not each.figures.preferred


def test_preference_turns_the_rank_within_its_margin_only() -> None:
    foreign = bid(1, 1000)
    margin = policy(domestic_preference_bp=2000)
    for amount, expected in ((1199, [2, 1]), (1200, [2, 1]), (1201, [1, 2])):
        local = bid(2, amount, preference=claim())
        found = evaluate(inputs(foreign, local, policy=margin))
        assert order(found) == expected, amount
    tied = evaluate(inputs(foreign, bid(2, 1200, preference=claim()), policy=margin))
    assert [each.decided_by for each in tied.bids] == ["domestic", None]


@pytest.mark.parametrize(
    "refused",
    [claim(accepted=False), claim(origin="CN"), None],
    ids=["unaccepted", "foreign", "none"],
)
def test_without_an_accepted_claim_there_is_no_preference(refused: object) -> None:
    found = evaluate(
        inputs(
            bid(1, 1000),
            bid(2, 1100, preference=refused),
            policy=policy(domestic_preference_bp=2000),
        )
    )
    assert order(found) == [1, 2]
    assert {each.figures.margin for each in found.bids} == {0}


def test_an_origin_that_is_treated_as_national_is_preferred_too() -> None:
    margin = policy(domestic_preference_bp=2000, preferred_origins=("KG", "KZ"))
    found = evaluate(
        inputs(bid(1, 1000), bid(2, 1100, preference=claim(origin="KZ")), policy=margin)
    )
    assert order(found) == [2, 1]


@settings(max_examples=150)
@given(samples.evaluations(), st.data())
def test_raising_ones_own_price_never_improves_ones_rank(
    given: Inputs, data: st.DataObject
) -> None:
    """Rules about low prices aside: there, a higher price can be spared a rejection."""
    calm = replace(
        given,
        bids=tuple(replace(each, justification=None) for each in given.bids),
        policy=replace(given.policy, below_mean_bp=None, below_next_bp=None),
    )
    before = evaluate(calm)
    assume(before.ranking)
    chosen = data.draw(st.sampled_from(before.ranking))
    factor = data.draw(st.sampled_from((D("1.000001"), D("1.01"), D(2), D(1000))))
    raised = tuple(
        replace(each, price=replace(each.price, amount=each.price.amount * factor))
        if each.id == chosen
        else each
        for each in calm.bids
    )
    after = evaluate(replace(calm, bids=raised))
    assert after.ranking.index(chosen) >= before.ranking.index(chosen)


@given(samples.evaluations(), st.sampled_from((10, 100, 1000)))
def test_the_scale_of_the_currency_has_no_influence(given: Inputs, scale: int) -> None:
    """All money in a currency of a hundredth of the value: prices, costs, rates alike."""
    assume(given.terms.award_criteria is not AwardCriteria.COST_ONLY)
    assume(all(each.type is not CriterionType.COST for each in given.terms.criteria))
    net = tuple(
        replace(each, price=price(each.price.amount, VatStatement.NONE), resident=True)
        for each in given.bids
    )
    scaled = tuple(
        replace(each, price=replace(each.price, amount=each.price.amount * scale)) for each in net
    )
    before, after = evaluate(replace(given, bids=net)), evaluate(replace(given, bids=scaled))
    assert after.ranking == before.ranking
    assert after.justification_awaited == before.justification_awaited
    assert [each.score for each in after.bids] == [each.score for each in before.bids]


def test_equal_bids_are_parted_by_the_published_tie_breaks_in_their_order() -> None:
    late_local = bid(5, 100, preference=claim())
    early = bid(1, 100)
    margin = policy()
    by_origin = terms(tie_breaks=(TieBreak.DOMESTIC, TieBreak.EARLIER_RECEIPT))
    by_time = terms(tie_breaks=(TieBreak.EARLIER_RECEIPT, TieBreak.DOMESTIC))
    first = evaluate(inputs(early, late_local, terms=by_origin, policy=margin))
    second = evaluate(inputs(early, late_local, terms=by_time, policy=margin))
    assert (order(first), first.bids[0].decided_by) == ([5, 1], "domestic")
    assert (order(second), second.bids[1].decided_by) == ([1, 5], "earlierReceipt")


def test_a_microsecond_decides_and_after_it_the_lot() -> None:
    one, two = bid(1, 100), bid(2, 100)
    at = samples.RECEIVED
    later = replace(two, received_at=at.replace(microsecond=1))
    assert order(evaluate(inputs(replace(one, received_at=at), later))) == [1, 2]
    same = inputs(replace(one, received_at=at), replace(two, received_at=at))
    found = evaluate(same)
    draws = {each.id: each.draw for each in found.bids}
    assert list(found.ranking) == sorted(draws, key=lambda each: draws[each])
    assert found.bids[0].decided_by == "draw" or found.bids[1].decided_by == "draw"


def test_the_lot_follows_from_the_root_and_changes_with_it() -> None:
    """Over many roots each of two equal bids is first about as often."""
    bids = [bid(n, 100, received_at=samples.RECEIVED) for n in (1, 2)]
    firsts = []
    for count in range(3, 203):
        lot = samples.lot(samples.leaves(count))
        firsts.append(evaluate(inputs(*bids, lot=lot, terms=terms(tie_breaks=()))).ranking[0])
    assert 70 < firsts.count(bids[0].id) < 130


def test_a_disqualified_bid_stays_with_its_reasons_and_moves_nobody() -> None:
    out = bid(1, 1, disqualified=(Reason("certificate_missing", "No certificate"),))
    found = evaluate(inputs(out, bid(2, 100), bid(3, 90), policy=policy(below_mean_bp=1000)))
    assert order(found) == [3, 2]
    assert found.bids[0].reasons == (Reason("certificate_missing", "No certificate"),)
    assert found.bids[0].figures.comparable == 1
    assert found.mean == 95


LOW = policy(below_mean_bp=4000)


def low(decision: Decision | None) -> Inputs:
    given = None if decision is None else Justification(decision, "read")
    return inputs(bid(1, 10, justification=given), bid(2, 100), bid(3, 110), policy=LOW)


def test_a_low_price_waits_for_its_justification_and_is_then_ranked_or_not() -> None:
    waiting, accepted, rejected = (evaluate(low(d)) for d in (None, *Decision))
    consequences = [
        each.bids[0].abnormally_low.consequence
        for each in (waiting, accepted, rejected)
        if each.bids[0].abnormally_low
    ]
    assert consequences == [
        LowConsequence.REQUESTED,
        LowConsequence.ACCEPTED,
        LowConsequence.REJECTED,
    ]
    assert waiting.justification_awaited == (bid(1, 0).id,)
    assert accepted.justification_awaited == rejected.justification_awaited == ()
    assert order(accepted) == [1, 2, 3]
    assert order(rejected) == [2, 3]
    assert [each.code for each in rejected.bids[0].reasons] == ["abnormally_low"]
    assert rejected.mean == accepted.mean, "the finding does not spread by the rejection"


def test_a_decision_about_a_price_that_is_not_low_has_no_effect() -> None:
    rejected = Justification(Decision.REJECTED, "too cheap for us")
    found = evaluate(inputs(bid(1, 99, justification=rejected), bid(2, 100), policy=LOW))
    assert order(found) == [1, 2]
    assert found.bids[0].abnormally_low is None


def test_nobody_is_ranked_when_there_is_nobody() -> None:
    found = evaluate(inputs())
    assert (found.ranking, found.mean, found.spread) == ((), None, None)
    alone = evaluate(inputs(bid(1, 5), policy=LOW))
    assert (order(alone), alone.justification_awaited) == ([1], ())


def test_inputs_that_cannot_be_evaluated_name_their_places() -> None:
    stranger = bid(7, 5, price=price(5, currency="USD"))
    adjusted = bid(2, 5, price=price(0))
    broken = inputs(stranger, adjusted, bid(2, 6), rates=RateSet("fx-rates", samples.DAY))
    broken = replace(broken, lot=replace(broken.lot, root="0" * 64, leaves=broken.lot.leaves[:4]))
    with pytest.raises(NotEvaluable) as caught:
        evaluate(broken)
    assert {(each.pointer, each.code) for each in caught.value.faults} == {
        ("#/lot/root", "root_mismatch"),
        ("#/bids/0/commitment", "not_committed"),
        ("#/bids/0/price/currency", "rate_missing"),
        ("#/bids/1/price/amount", "out_of_range"),
        ("#/bids/2/id", "duplicate"),
    }


def test_adjustments_that_leave_no_price_put_a_bid_out() -> None:
    gift = bid(1, 100, adjustments=(Adjustment("rebate", D(-100), "letter"),))
    found = evaluate(inputs(gift, bid(2, 100)))
    assert order(found) == [2]
    assert [each.code for each in found.bids[0].reasons] == ["price_not_positive"]
