import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.matching.text import kyrgyz


@pytest.mark.parametrize(
    ("form", "stem"),
    [
        ("китеби", "китеп"),
        ("китептеринин", "китеп"),
        ("кабы", "кап"),
        ("мектептерге", "мектеп"),
        ("столдорду", "стол"),
        ("үйлөрүндө", "үй"),
        ("көйнөктөрдүн", "көйнөк"),
        ("айнектерди", "айнек"),
        ("кабелдин", "кабел"),
        ("балдардын", "бал"),
        ("тракторлорду", "трактор"),
        ("табагы", "табак"),
    ],
)
def test_case_possession_and_number_come_off_first(form: str, stem: str) -> None:
    assert kyrgyz.stems(form)[0] == stem


@pytest.mark.parametrize(
    ("form", "stem"),
    [
        ("темирдик", "темир"),
        ("туздуу", "туз"),
        ("балыкчы", "балык"),
        ("тазалоо", "тазала"),
        ("жуугуч", "жуугуч"),
        ("күйүүчү", "күй"),
    ],
)
def test_stems_of_derived_words_are_among_the_candidates(form: str, stem: str) -> None:
    assert stem in kyrgyz.stems(form)


@pytest.mark.parametrize("word", ["китеп", "су", "үй", "отун"])
def test_the_word_itself_is_always_a_candidate(word: str) -> None:
    assert word in kyrgyz.stems(word)


@pytest.mark.parametrize(
    ("form", "loan"),
    [
        ("магазин", "магазин"),
        ("дорожка", "дорожка"),
        ("редукторлорду", "редуктор"),
        ("насостун", "насос"),
        ("моторун", "мотор"),
        ("фильтрлерди", "фильтр"),
    ],
)
def test_loans_lose_only_endings_no_russian_noun_has(form: str, loan: str) -> None:
    assert kyrgyz.loan(form) == loan


def test_spelling_tells_native_words_from_possible_loans() -> None:
    assert kyrgyz.is_loan("фильтр")
    assert not kyrgyz.is_loan("түтүк")
    assert not kyrgyz.is_loan("кыш")


@given(st.text(alphabet="абвгдеёжзийклмнңоөпрстуүфхцчшщъыьэюя", max_size=24))
def test_stems_never_fail_repeat_or_grow(word: str) -> None:
    found = kyrgyz.stems(word)
    assert found
    assert word in found
    assert len(set(found)) == len(found)
    assert all(len(stem) <= len(word) + 1 for stem in found)


@given(st.text())
def test_any_text_may_be_asked_for_stems(text: str) -> None:
    assert kyrgyz.stems(text)
    kyrgyz.loan(text)
