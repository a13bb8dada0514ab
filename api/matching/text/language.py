"""Which of the four languages a text is in, from its letters, endings and function words."""

import re
from enum import StrEnum


class Language(StrEnum):
    """The languages of requests and offers, by ISO 639-1 code."""

    KY = "ky"
    RU = "ru"
    EN = "en"
    ZH = "zh"


_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_KYRGYZ_LETTERS = re.compile(r"[ңөүҢӨҮ]")
_WORD = re.compile(r"[\u0400-\u04ff]+")

# A Chinese character says about as much as a syllable or two of an alphabet.
_HAN_WEIGHT = 3

_KYRGYZ_WORDS = frozenset(
    [
        "жана",
        "менен",
        "учун",
        "боюнча",
        "сатып",
        "алуу",
        "алуусу",
        "тейлоо",
        "жеткируу",
        "керек",
        "болгон",
        "бар",
        "жок",
        "эмес",
        "бул",
        "ошол",
        "анын",
        "дагы",
        "турган",
        "кылуу",
        "берилген",
        "беруучу",
        "ишин",
        "иштери",
        "шаары",
        "району",
        "айыл",
        "аймагы",
        "мамлекеттик",
        "муниципалдык",
        "кызмат",
        "кызматы",
        "бир",
        "эки",
        "беш",
        "он",
        "жуз",
        "мин",
        "чон",
        "кичине",
        "жаны",
        "жумуштары",
        "куруу",
        "ондоо",
        "даана",
        "метр",
        "килограмм",
        "тонна",
        "баасы",
        "саны",
    ]
)
_RUSSIAN_WORDS = frozenset(
    [
        "и",
        "в",
        "во",
        "на",
        "с",
        "со",
        "по",
        "для",
        "от",
        "до",
        "из",
        "к",
        "у",
        "о",
        "об",
        "за",
        "при",
        "без",
        "под",
        "или",
        "не",
        "что",
        "как",
        "это",
        "его",
        "их",
        "все",
        "шт",
        "закупка",
        "поставка",
        "приобретение",
        "оказание",
        "услуг",
        "услуги",
        "работ",
        "товаров",
        "согласно",
        "а",
        "также",
    ]
)
_KYRGYZ_ENDING = re.compile(
    r"(?:[ндт]ын|[ндт]ин|[ндт]ун|лар|лер|дар|дер|тар|тер|лор|дор|тор|лары|лери|дары|тары|"
    r"луу|дуу|туу|лык|дык|тык|лук|дук|тук|лик|дик|тик|чылык|ганы|ган|ген|кан|уучу|оочу|"
    r"тагы|дагы|тан|дан|ден|тен|дон|тон|ууга|оого|сы|су|га|ге|ка|го|ды|ты|ду|ту)$"
)
_RUSSIAN_ENDING = re.compile(
    r"(?:ый|ий|ой|ая|яя|ое|ее|ые|ие|ого|его|ому|ему|ых|их|ыми|ими|ую|юю|ов|ев|ей|ами|ями|ах|ях|"
    r"ция|ции|ость|ости|ение|ения|ание|ания|ться|ть|ный|ная|ное|ные|ки|ка|ок|ец|ия|ии|ом|ем)$"
)
_LONG_VOWEL = re.compile(r"аа|оо|уу|ээ|ыы")
_RUSSIAN_LETTERS = re.compile(r"[щъьцфв]")


def detect(text: str) -> Language:
    """The language of `text`; English when it has no letters, Russian for a word of both."""
    han = len(_HAN.findall(text)) * _HAN_WEIGHT
    cyrillic = len(_CYRILLIC.findall(text))
    latin = len(_LATIN.findall(text))
    # A code such as PE100 or LED in a Chinese or Russian line is no reason to call it English.
    if han and han >= cyrillic and 3 * han >= latin:
        return Language.ZH
    if cyrillic and 3 * cyrillic >= latin:
        return _kyrgyz_or_russian(text)
    return Language.EN


def _kyrgyz_or_russian(text: str) -> Language:
    if _KYRGYZ_LETTERS.search(text):
        return Language.KY
    evidence = sum(_evidence(word) for word in _WORD.findall(text.casefold()))
    return Language.KY if evidence > 0 else Language.RU


def _evidence(word: str) -> float:
    """Positive for Kyrgyz, negative for Russian, about 1 for a sure sign."""
    if word in _KYRGYZ_WORDS:
        return 1.5
    if word in _RUSSIAN_WORDS:
        return -1.5
    score = 0.0
    if _LONG_VOWEL.search(word):
        score += 1.0
    if _RUSSIAN_LETTERS.search(word):
        score -= 0.7
    if len(word) > 3:
        score += 0.6 if _KYRGYZ_ENDING.search(word) else 0.0
        score -= 0.6 if _RUSSIAN_ENDING.search(word) else 0.0
    return score
