"""How complete a product is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.completeness import LANGUAGES, POINTS, TOTAL, Aspect, Facts, Gap, assess
from api.rules.completeness_texts import TEXTS, said

NOTHING = Facts(
    names=["ru"],
    descriptions={},
    origins=["source"],
    has_category=False,
    has_hs_code=False,
    has_identity=False,
    asked=["height", "power", "colour"],
    given=[],
    images=0,
    told_images=0,
    has_weight=False,
    has_dimensions=False,
    has_packages=False,
    has_availability=False,
)
ALL = Facts(
    names=LANGUAGES,
    descriptions=dict.fromkeys(LANGUAGES, "x" * 80),
    origins=["source", "human"],
    has_category=True,
    has_hs_code=True,
    has_identity=True,
    asked=["height"],
    given=["height", "weight"],
    images=3,
    told_images=3,
    has_weight=True,
    has_dimensions=True,
    has_packages=True,
    has_availability=True,
)
LANGUAGE = st.sets(st.sampled_from(LANGUAGES))
FACTS = st.builds(
    Facts,
    names=LANGUAGE,
    descriptions=st.dictionaries(st.sampled_from(LANGUAGES), st.sampled_from(["x", "x" * 80])),
    origins=st.sets(st.sampled_from(["source", "machine", "human"])),
    has_category=st.booleans(),
    has_hs_code=st.booleans(),
    has_identity=st.booleans(),
    asked=st.lists(st.sampled_from("abcdefg"), unique=True),
    given=st.sets(st.sampled_from("abcdefghi")),
    images=st.integers(2, 20),
    told_images=st.integers(0, 2),
    has_weight=st.booleans(),
    has_dimensions=st.booleans(),
    has_packages=st.booleans(),
    has_availability=st.booleans(),
)


def test_the_points_are_a_hundred() -> None:
    assert sum(POINTS.values()) == TOTAL
    assert set(POINTS) == set(Aspect)


def test_a_product_that_has_everything_lacks_nothing() -> None:
    assert assess(ALL).score == 100
    assert assess(ALL).gaps == ()


def test_what_gains_most_is_said_first() -> None:
    found = assess(NOTHING)

    assert found.score == 7
    assert found.gaps[:2] == (
        Gap(Aspect.NAMES, 15, ("ky", "en", "zh")),
        Gap(Aspect.ATTRIBUTES, 15, ("height", "power", "colour")),
    )
    assert Aspect.REVIEWED not in {gap.aspect for gap in found.gaps}


def test_part_of_a_thing_has_its_part_of_the_points() -> None:
    one = assess(replace(NOTHING, given=["height"]))

    assert one.score == assess(NOTHING).score + 5
    assert assess(replace(NOTHING, asked=[], given=["any"])).score == 22


def test_short_descriptions_and_texts_of_machines_are_not_complete() -> None:
    short = replace(ALL, descriptions={**ALL.descriptions, "zh": "短"}, origins=["machine"])

    gaps = {gap.aspect: gap for gap in assess(short).gaps}
    assert gaps[Aspect.DESCRIPTIONS] == Gap(Aspect.DESCRIPTIONS, 2, ("zh",))
    assert gaps[Aspect.REVIEWED].points == 2


@given(FACTS)
def test_the_score_and_the_gaps_are_a_hundred_together(facts: Facts) -> None:
    found = assess(facts)

    assert found.score + sum(gap.points for gap in found.gaps) == 100
    assert 0 <= found.score <= 100
    assert [g.points for g in found.gaps] == sorted((g.points for g in found.gaps), reverse=True)


@given(FACTS, st.sampled_from(LANGUAGES), st.sampled_from("abcdefg"))
def test_adding_something_never_lowers_the_score(facts: Facts, language: str, name: str) -> None:
    more = replace(
        facts,
        names={*facts.names, language},
        descriptions={**facts.descriptions, language: "x" * 80},
        given={*facts.given, name},
        images=facts.images + 1,
        told_images=facts.told_images + 1,
        has_weight=True,
    )

    assert assess(more).score >= assess(facts).score


@pytest.mark.parametrize("aspect", Aspect)
def test_every_gap_is_explained_in_four_languages(aspect: Aspect) -> None:
    assert TEXTS[aspect].keys() == {*LANGUAGES}
    told = said(Gap(aspect, 1, ("height",)))
    assert len(set(told.values())) == 4
    assert not any("{" in text for text in told.values())
