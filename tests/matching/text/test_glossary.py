from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.matching.text import glossary, lexical
from api.matching.text.glossary import Glossary, GlossaryError
from api.matching.text.kyrgyz import AsWritten
from api.matching.text.language import Language

ROWS = [
    ("балык", "рыба", "fish", "鱼|鱼类"),
    ("балык консервасы", "рыбные консервы", "canned fish", "鱼罐头"),
    ("темир", "железо", "iron", "铁"),
    ("темир жол", "железная дорога|ж/д", "railway", "铁路"),
    ("көпүрө", "мост", "bridge", "桥|桥梁"),
    ("таза|тунук", "чистый", "clean", "清洁"),
    ("туз", "соль", "salt", "食盐|盐"),
]


@pytest.fixture(scope="module")
def known() -> Glossary:
    return Glossary.of(ROWS)


def names(known: Glossary, text: str, language: Language) -> list[tuple[str, str]]:
    return [
        (mention.surface, known.gloss(mention.concept_id).en[0])
        for mention in known.concepts(text, language)
    ]


def test_the_longest_wording_wins_whatever_its_endings(known: Glossary) -> None:
    found = names(known, "Балык консерваларын жана тузду сатып алуу", Language.KY)
    assert found == [("Балык консерваларын", "canned fish"), ("тузду", "salt")]


def test_kyrgyz_typed_without_its_letters_is_found(known: Glossary) -> None:
    assert names(known, "Копуронун долбоору", Language.KY) == [("Копуронун", "bridge")]


def test_kyrgyz_compounds_are_found_joined_parted_and_hyphened() -> None:
    rows = [("кара май", "мазут", "fuel oil", "重油"), ("башкийим", "шапка", "hat", "帽子")]
    known = Glossary.of(rows)
    for text in ("карамайды", "Кара-майдын", "кара майга"):
        assert [name for _, name in names(known, text, Language.KY)] == ["fuel oil"]
    assert names(known, "кышкы баш кийимдерди", Language.KY) == [("баш кийимдерди", "hat")]


def test_parts_of_a_russian_compound_are_found(known: Glossary) -> None:
    assert names(known, "путепровод-мост", Language.RU) == [("мост", "bridge")]


def test_russian_wordings_are_found_in_any_order_and_case(known: Glossary) -> None:
    assert names(known, "Консервы рыбные в масле", Language.RU) == [
        ("Консервы рыбные", "canned fish")
    ]
    assert names(known, "ремонт мостов", Language.RU) == [("мостов", "bridge")]


def test_english_plurals_are_found(known: Glossary) -> None:
    assert names(known, "steel bridges and railways", Language.EN) == [
        ("bridges", "bridge"), ("railways", "railway")
    ]  # fmt: skip


def test_chinese_is_found_by_the_longest_run_of_characters(known: Glossary) -> None:
    assert names(known, "优质鱼罐头批发 鐵路", Language.ZH) == [
        ("鱼罐头", "canned fish"), ("铁路", "railway")
    ]  # fmt: skip


def test_one_chinese_character_counts_only_at_the_end_of_a_phrase(known: Glossary) -> None:
    assert names(known, "钢桥 盐酸", Language.ZH) == [("桥", "bridge")]


def test_kyrgyz_becomes_russian_with_codes_and_loans_kept(known: Glossary) -> None:
    translation = known.to_russian("Мотордун М8 темир көпүрөсү үчүн, жыйнагы")
    assert translation.text == "мотор М8 железо мост"
    assert ("көпүрөсү", "мост") in translation.pairs
    assert translation.unknown == ("жыйнагы",)


def test_ids_stay_when_rows_are_added_and_variants_follow() -> None:
    before = {concept.en[0]: key for key, concept in Glossary.of(ROWS).concepts_by_id.items()}
    more = [("кум", "песок", "sand", "沙"), *ROWS, ("туз", "соль", "table salt", "")]
    after = Glossary.of(more)
    assert all(after.gloss(key).en[0] == name for name, key in before.items())
    assert after.gloss(before["salt"]).en == ("salt", "table salt")


def test_a_folder_is_read_and_a_bad_file_is_named(tmp_path: Path) -> None:
    good = "ky\tru\ten\tzh\n" + "\n".join("\t".join(row) for row in ROWS) + "\n"
    (tmp_path / "a.tsv").write_text(good, encoding="utf-8")
    assert len(Glossary.load(tmp_path)) == len(ROWS)
    (tmp_path / "b.tsv").write_text("ky\tru\nа\tб\n", encoding="utf-8")
    with pytest.raises(GlossaryError, match=r"b\.tsv"):
        Glossary.load(tmp_path)
    (tmp_path / "b.tsv").write_text("ky\tru\ten\tzh\nа\tб\n", encoding="utf-8")
    with pytest.raises(GlossaryError, match=r"b\.tsv, line 2"):
        Glossary.load(tmp_path)


def test_a_concept_is_a_kind_of_the_concept_of_its_head() -> None:
    rows = [*ROWS, ("банка", "консервы", "cans", "罐头"), ("", "мост стальной", "steel bridge", "")]
    known = Glossary.of(rows)
    ids = {concept.en[0]: key for key, concept in known.concepts_by_id.items()}
    assert known.kinds(ids["canned fish"]) == (ids["fish"], ids["cans"])
    assert known.kinds(ids["steel bridge"]) == (ids["bridge"],)
    assert known.kinds(ids["salt"]) == ()


def test_of_two_concepts_the_one_usually_so_called_comes_first() -> None:
    known = Glossary.of(
        [("кроват|диван", "кровать", "bed", "床"), ("диван", "диван", "sofa", "沙发")]
    )
    assert known.to_russian("диванды").text == "диван"
    assert [name for _, name in names(known, "диванды", Language.KY)] == ["sofa", "bed"]


def test_a_loan_stays_the_word_it_is_in_both_languages() -> None:
    known = Glossary.of([("каска", "каска защитная", "helmet", "安全帽")])
    assert known.to_russian("каскаларды").text == "каска"


def test_function_words_name_no_concept() -> None:
    known = Glossary.of([("же", "или", "or", "或"), ("менен", "с", "with", "带")])
    assert known.concepts("рыба или мясо с солью", Language.RU) == []
    assert known.concepts("fish with salt", Language.EN) == []


def test_an_unknown_id_is_a_key_error(known: Glossary) -> None:
    with pytest.raises(KeyError):
        known.gloss("0000000000")


def test_the_shipped_glossary_reads_and_every_concept_has_a_name() -> None:
    shipped = glossary.default()
    assert all(
        concept.ky or concept.ru or concept.en or concept.zh
        for concept in shipped.concepts_by_id.values()
    )


def test_another_glossary_may_read_the_texts_for_a_while(known: Glossary) -> None:
    before = lexical.terms("туз", Language.KY)
    with glossary.using(Glossary.of([("туз", "туз", "ace", "王牌")])):
        assert glossary.default().to_russian("туз").text == "туз"
        assert lexical.terms("туз", Language.KY) != before
    assert glossary.default() is glossary.shipped()
    assert lexical.terms("туз", Language.KY) == before


def test_without_a_stemmer_only_words_as_written_are_found(known: Glossary) -> None:
    plain = Glossary(known.concepts_by_id, AsWritten())
    assert [name for _, name in names(plain, "балык тузду", Language.KY)] == ["fish"]
    assert "соль" not in plain.to_russian("тузду").text
    with glossary.using(plain):
        assert "w:китептер" in lexical.terms("китептер", Language.KY)


@given(st.text(), st.sampled_from(Language))
def test_no_text_upsets_the_glossary(text: str, language: Language) -> None:
    known = Glossary.of(ROWS)
    for mention in known.concepts(text, language):
        assert 0 <= mention.start < mention.end <= len(text)
    known.to_russian(text)
