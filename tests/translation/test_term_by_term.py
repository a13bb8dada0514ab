"""The glossary as an engine: what it renders, what it leaves out, and what it says of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.matching.text.glossary import Glossary
from api.matching.text.language import Language
from api.translation import protection
from api.translation.port import Reason
from api.translation.term_by_term import TermByTerm

KY, RU, EN, ZH = Language.KY, Language.RU, Language.EN, Language.ZH
ROWS = [
    ("парта", "парта", "school desk", "课桌"),
    ("окуучу", "ученический", "pupil's", "学生"),
    ("кант", "сахар", "sugar", "白糖"),
    ("тартма", "ящик", "drawer", "抽屉"),
]
KNOWN = Glossary.of(ROWS)
ENGINE = TermByTerm(KNOWN, Decimal("0.6"))


@pytest.mark.parametrize(
    ("text", "source", "into", "expected"),
    [
        ("Парта ученическая", RU, ZH, "课桌学生"),
        ("Парта, ящик", RU, ZH, "课桌，抽屉"),
        ("Парты и ящики", RU, EN, "School desk drawer"),
        ("学生课桌 RX-K101", ZH, RU, "Ученический парта RX-K101"),
        ("School desk 620-760", EN, ZH, "课桌 620-760"),
        ("парта жана тартма", KY, RU, "Парта ящик"),
        ("PE100", RU, ZH, "PE100"),
    ],
)
def test_a_text_is_rendered_term_by_term(
    text: str, source: Language, into: Language, expected: str
) -> None:
    found = ENGINE.render(text, source, into)
    assert (found.text, found.coverage, found.reason) == (expected, Decimal(1), None)


def test_the_coverage_is_the_share_of_words_known() -> None:
    found = ENGINE.render("Парта ученическая складная", RU, ZH)
    assert (found.text, found.coverage) == ("课桌学生 складная", Decimal("0.666"))
    low = ENGINE.render("Парта складная", RU, ZH)
    assert (low.text, low.coverage, low.reason) == (None, Decimal("0.500"), Reason.LOW_COVERAGE)
    chinese = ENGINE.render("课桌抽屉折叠", ZH, RU)
    assert (chinese.text, chinese.coverage) == ("Парта ящик 折叠", Decimal("0.666"))


@pytest.mark.parametrize(
    ("text", "source", "into"),
    [
        ("Парта ученическая без ящика", RU, ZH),
        ("School desk without drawer", EN, RU),
        ("课桌抽屉学生白糖不含", ZH, RU),
        ("课桌无抽屉", ZH, RU),
        ("кантсыз парта, тартма", KY, RU),
        ("sugarless school desk drawer", EN, ZH),
        ("sugar-free school desk drawer", EN, ZH),
    ],
)
def test_a_text_that_says_not_is_left_out(text: str, source: Language, into: Language) -> None:
    found = ENGINE.render(text, source, into)
    assert (found.text, found.reason) == (None, Reason.NEGATED)


def test_a_term_that_says_not_is_a_term() -> None:
    engine = TermByTerm(
        Glossary.of([*ROWS, ("дат баспас болот", "нержавеющая сталь", "stainless steel", "不锈钢")])
    )
    assert engine.render("不锈钢抽屉", ZH, EN).text == "Stainless steel drawer"
    assert engine.render("Stainless steel drawer", EN, ZH).text == "不锈钢抽屉"


def test_another_glossary_is_another_version() -> None:
    assert TermByTerm(Glossary.of(ROWS)).version == ENGINE.version
    assert TermByTerm(Glossary.of(ROWS[1:])).version != ENGINE.version
    assert len(TermByTerm().version) == 12


@given(st.text(max_size=60), st.sampled_from(Language), st.sampled_from(Language))
def test_any_text_is_rendered_or_left_out_with_a_reason(
    text: str, source: Language, into: Language
) -> None:
    found = ENGINE.render(text, source, into)
    assert found.coverage is not None
    assert 0 <= found.coverage <= 1
    assert (found.text is None) is (found.reason is not None)
    if found.coverage < Decimal("0.6"):
        assert found.text is None


@given(st.text(alphabet="парта ящик<>&;\"'课桌a1", max_size=40))
def test_what_is_protected_comes_back(text: str) -> None:
    guarded = protection.protect(text, RU, ZH, ENGINE)
    plain = protection.restore(guarded.markup)
    assert protection.lost(guarded.terms, plain) == []
    if not guarded.terms:
        assert plain.split() == text.split()


def test_terms_of_the_project_are_marked_as_translated() -> None:
    guarded = protection.protect("Парта <для> школы", RU, ZH, ENGINE)
    assert guarded.markup == '<span translate="no">课桌</span> &lt;для&gt; школы'
    assert guarded.terms == ("课桌",)
    assert protection.lost(guarded.terms, "书桌 для школы") == ["课桌"]
