from hypothesis import given
from hypothesis import strategies as st

from api.matching.text.language import Language
from api.matching.text.lexical import terms


def test_repeating_a_word_changes_nothing() -> None:
    assert terms("насос насос насосы", Language.RU) >= {"w:насос"}
    once = {term for term in terms("кирпич", Language.RU) if term.startswith("w:")}
    often = {term for term in terms("кирпич кирпич кирпич", Language.RU) if term.startswith("w:")}
    assert once == often == {"w:кирпич"}


def test_words_are_stems_and_codes_are_exact() -> None:
    found = terms("Трубы стальные ДУ50 ГОСТ 3262-75", Language.RU)
    assert {"w:труб", "w:стальн", "x:50mm", "x:gost3262"} <= found


def test_chinese_has_words_and_pairs_of_characters() -> None:
    assert {"w:热水", "w:水壶", "x:1.7l"} <= terms("电热水壶1.7升", Language.ZH)


def test_codes_agree_across_languages() -> None:
    russian = {term for term in terms("Шина 185/65 R15, 5 кг", Language.RU) if term[0] == "x"}
    chinese = {term for term in terms("轮胎185/65R15 5公斤", Language.ZH) if term[0] == "x"}
    assert russian == chinese == {"x:185/65r15", "x:5kg"}


@given(st.text(), st.sampled_from(Language))
def test_every_term_is_prefixed(text: str, language: Language) -> None:
    assert all(len(term) > 2 and term[:2] in {"w:", "x:", "c:"} for term in terms(text, language))
