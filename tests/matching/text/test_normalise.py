import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.matching.text.language import Language
from api.matching.text.normalise import exact_tokens, normalise, without_exact

languages = st.sampled_from(Language)
measures = st.tuples(
    st.integers(1, 9999),
    st.sampled_from(
        [
            ("кг", "kg", "公斤"),
            ("мл", "ml", "毫升"),
            ("Вт", "W", "瓦"),
            ("мм", "mm", "毫米"),
            ("кВт", "kW", "千瓦"),
            ("дюймов", "inch", "英寸"),
            ("м", "m", "米"),
            ("л", "L", "升"),
            ("г/м2", "gsm", "克"),
            ("ГБ", "GB", "gb"),
            ("т", "ton", "吨"),
            ("%", " %", "%"),
        ]
    ),
)


@pytest.mark.parametrize(
    ("writings", "token"),
    [
        (("80 г/м2", "80gsm", "80克"), "80g"),
        (("5 мл", "5ml", "5毫升"), "5ml"),
        (("550 Вт", "550W", "550瓦"), "550w"),
        (("110 мм", "DN110", "ДУ110", "Ду 110"), "110mm"),
        (("15,6 дюйма", "15.6英寸", "15.6 inch", '15.6"'), "15.6in"),
        (("1,5 м3", "1500 л", "1500L"), "1.5m3"),
        (("16 ГБ", "16GB", "16G"), "16gb"),
        (("А3", "A3"), "a3"),
        (("185/65 R15", "185/65R15"), "185/65r15"),
        (("EN590", "EN 590"), "en590"),
        (("ГОСТ 3262-75", "ГОСТ 3262"), "gost3262"),
        (("GB/T 3091-2015", "GB 3091"), "gb3091"),
        (("60х40х20 см", "600*400*200mm"), "600x400x200mm"),
        (("ПЭ80", "PE80"), "pe80"),
        (("1 500 кг", "1,500 kg", "1.5 т"), "1.5t"),
    ],
)
def test_one_thing_has_one_token_however_it_is_written(
    writings: tuple[str, ...], token: str
) -> None:
    assert [exact_tokens(writing) for writing in writings] == [{token}] * len(writings)


@pytest.mark.parametrize("text", ["5-класс", "2-х местный", "12 в упаковке", "школа №4", "слово"])
def test_numbers_of_running_text_are_no_codes(text: str) -> None:
    assert exact_tokens(text) == frozenset()


@given(measures)
def test_measures_are_equal_across_languages(measure: tuple[int, tuple[str, str, str]]) -> None:
    number, (russian, english, chinese) = measure
    expected = exact_tokens(f"товар {number} {russian}")
    assert expected
    assert exact_tokens(f"thing {number}{english}") == expected
    assert exact_tokens(f"货{number}{chinese}装") == expected


@given(st.text(), languages)
def test_normalising_twice_changes_nothing_more(text: str, language: Language) -> None:
    once = normalise(text, language)
    assert normalise(once, language) == once


@given(measures, languages)
def test_normalising_measures_twice_changes_nothing_more(
    measure: tuple[int, tuple[str, str, str]], language: Language
) -> None:
    once = normalise(f"x {measure[0]} {measure[1][0]} y {measure[0]}{measure[1][2]}", language)
    assert normalise(once, language) == once


@given(st.text())
def test_no_text_upsets_the_search_for_codes(text: str) -> None:
    assert all(token and token == token.strip() for token in exact_tokens(text))
    without_exact(text)


def test_traditional_characters_become_simplified() -> None:
    assert normalise("電動機 電纜", Language.ZH) == "电动机 电缆"
    assert normalise("Насос", Language.RU) == "насос"
