"""What a translated text is worth, and what a market lacks."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.product_texts import (
    SOURCE_ORDER,
    Lack,
    LackReason,
    Requirement,
    TextStatus,
    digest,
    in_force,
    lacking,
    source_language,
    status,
)

LANGUAGES = st.sampled_from(sorted(SOURCE_ORDER))
DAY = date(2026, 11, 28)


@dataclass
class Known:
    text_sha256: str
    source_language: str | None
    source_sha256: str | None
    reviewed: bool = False


TEXTS = {"ru": "Парта", "zh": "课桌"}
ORIGINS = {"ru": "source", "zh": "machine"}


def note(**changed: object) -> Known:
    values = {
        "text_sha256": digest("课桌"),
        "source_language": "ru",
        "source_sha256": digest("Парта"),
        **changed,
    }
    return Known(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "known", "expected"),
    [
        ("ru", None, TextStatus.SOURCE),
        ("zh", None, TextStatus.MACHINE),
        ("zh", note(), TextStatus.MACHINE),
        ("zh", note(reviewed=True), TextStatus.REVIEWED),
        ("zh", note(reviewed=True, source_sha256=digest("Стол")), TextStatus.STALE),
        ("zh", note(reviewed=True, text_sha256=digest("书桌")), TextStatus.MACHINE),
        ("zh", note(source_language="en"), TextStatus.STALE),
        ("zh", note(source_language=None, source_sha256=None, reviewed=True), TextStatus.REVIEWED),
    ],
)
def test_the_status_of_a_text(language: str, known: Known | None, expected: TextStatus) -> None:
    assert status(TEXTS, ORIGINS, language, known) == expected


@given(st.dictionaries(LANGUAGES, st.sampled_from(["source", "human", "machine"])), LANGUAGES)
def test_a_translation_is_made_from_what_the_owner_wrote(
    origins: dict[str, str], into: str
) -> None:
    found = source_language(origins, into)
    others = {each for each, origin in origins.items() if origin == "source" and each != into}
    assert (found in others) if others else found is None


@given(
    st.lists(
        st.builds(
            Requirement,
            st.sampled_from(["names", "descriptions"]),
            LANGUAGES,
            st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        ),
        max_size=6,
    ),
    st.dictionaries(
        st.tuples(st.sampled_from(["names", "descriptions"]), LANGUAGES),
        st.sampled_from(TextStatus),
    ),
)
def test_nothing_lacks_that_can_be_relied_on(
    required: list[Requirement], statuses: dict[tuple[str, str], TextStatus]
) -> None:
    good = {TextStatus.SOURCE, TextStatus.HUMAN, TextStatus.REVIEWED}
    for lack in lacking(required, statuses):
        assert statuses.get((lack.field, lack.language)) not in good
        assert (lack.reason is LackReason.MISSING) == ((lack.field, lack.language) not in statuses)


def test_a_description_is_wanted_only_of_what_is_described() -> None:
    required = [Requirement("names", "zh", DAY), Requirement("descriptions", "zh", DAY)]
    assert lacking(required, {("names", "ru"): TextStatus.SOURCE}) == [
        Lack("names", "zh", LackReason.MISSING)
    ]
    described = {("names", "zh"): TextStatus.HUMAN, ("descriptions", "ru"): TextStatus.SOURCE}
    assert lacking(required, described) == [Lack("descriptions", "zh", LackReason.MISSING)]


def test_a_requirement_counts_until_the_day_before_its_end() -> None:
    row = Requirement("names", "zh", DAY, DAY + timedelta(days=2))
    days = [DAY + timedelta(days=n) for n in (-1, 0, 1, 2)]
    assert [bool(in_force([row], day)) for day in days] == [False, True, True, False]
