import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.matching.text.language import Language
from api.matching.text.segments import beneficiary, heads, product_noun, segments

KY, RU, EN, ZH = Language.KY, Language.RU, Language.EN, Language.ZH


@pytest.mark.parametrize(
    ("title", "language", "noun"),
    [
        ("厂家直销 304不锈钢法兰 DN50 现货批发", ZH, "不锈钢法兰"),
        ("家用电热水壶1.7L 大容量 包邮", ZH, "家用电热水壶"),
        ("500W手持角磨机 100mm 工业级", ZH, "手持角磨机"),
        ("Factory direct wholesale cotton bath towel 70x140cm 500 pcs", EN, "cotton bath towel"),
        ("Hot sale electric kettle with thermostat 1.7L", EN, "electric kettle"),
        ("Поставка кирпича лицевого М150 для строительства школы", RU, "кирпича лицевого"),
        ("Приобретение столов письменных в количестве 40 шт.", RU, "столов письменных"),
        ("Ооруканага керебет сатып алуу", KY, "керебет"),
        ("Балдар үчүн оюнчуктарды сатып алуу жана жеткирүү", KY, "оюнчуктарды"),
        ("Кум-шагыл жеткирүү, 200 тонна", KY, "Кум-шагыл"),
        ("КАБЕЛЬ СИЛОВОЙ RAINLINE 3X2,5", RU, "КАБЕЛЬ СИЛОВОЙ"),
        ("LED светильник", RU, "LED светильник"),
        ("Hyundai Sonata", RU, "Hyundai Sonata"),
        ("Нить из 100% хлопка", RU, "Нить"),
        ("Филе трески без кожи", RU, "Филе трески"),
    ],
)
def test_the_product_noun_is_what_is_sold_or_bought(
    title: str, language: Language, noun: str
) -> None:
    assert product_noun(title, language) == noun


def test_segments_are_the_parts_of_a_title_without_advertising_and_repeats() -> None:
    assert segments("不锈钢水槽 厨房洗菜盆 厨房洗菜盆 厂家批发 60*45cm", ZH) == (
        "不锈钢水槽",
        "厨房洗菜盆",
    )


def test_items_of_a_kyrgyz_list_are_segments() -> None:
    assert segments("Үстөлдөрдү жана шкафтарды сатып алуу", KY) == ("Үстөлдөрдү", "шкафтарды")


def test_the_head_of_a_chinese_noun_stands_last() -> None:
    assert heads("家用电热水壶", ZH)[-1].endswith("壶")


def test_whom_the_goods_are_for_is_kept_apart() -> None:
    assert beneficiary("Мебель для детского сада", RU) == "детского сада"
    assert beneficiary("Балдар үчүн оюнчуктар", KY) == "Балдар"
    assert beneficiary("toys for children", EN) == ""


def test_a_title_of_advertising_alone_has_no_noun() -> None:
    assert product_noun("厂家直销 批发", ZH) == ""
    assert product_noun("", RU) == ""


@given(st.text(), st.sampled_from(Language))
def test_no_title_upsets_the_segments(title: str, language: Language) -> None:
    parts = segments(title, language)
    assert len(set(parts)) == len(parts)
    assert all(part == part.strip() and part for part in parts)
    assert bool(product_noun(title, language)) == bool(parts)
    heads(title, language)


@given(st.text(alphabet="桌椅钢铁水泵管门窗 5kg厂家批发", max_size=30))
def test_the_segments_of_a_segment_are_itself(title: str) -> None:
    for part in segments(title, ZH):
        assert "".join(segments(part, ZH)) == part.replace(" ", "") or segments(part, ZH)
