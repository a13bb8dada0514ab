import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.matching.text.language import Language, detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Закупка токарного станка для колледжа", Language.RU),
        ("Окуучулар үчүн рюкзактарды сатып алуу", Language.KY),
        ("Мектептин ашканасына табак сатып алуу", Language.KY),
        ("Айыл аймагына трактор сатып алуу", Language.KY),
        ("CNC lathe machine 400mm", Language.EN),
        ("数控车床 CK6140 现货", Language.ZH),
        ("PVC电缆管 DN50", Language.ZH),
        ("Кабель ВВГнг-LS 3х2,5 по ГОСТ 31996", Language.RU),
        ("", Language.EN),
        ("12345", Language.EN),
    ],
)
def test_the_language_of_a_line_is_told_by_letters_endings_and_function_words(
    text: str, language: Language
) -> None:
    assert detect(text) is language


@given(st.text())
def test_any_text_has_a_language(text: str) -> None:
    assert detect(text) in set(Language)
