"""The parts of a shop title or tender line, and the product it names."""

import re
import unicodedata
from functools import lru_cache

from api.matching.text import chinese, normalise, wordlists
from api.matching.text.language import Language

_BREAK = re.compile(
    r"[,;:|/、，。；：！!?？()\[\]{}（）【】《》「」~•·\n\t]+|\s[-–—]\s|(?<=\w)\.\s"
)
_CHINESE_BREAK = re.compile(r"[\s,;:|/、，。；：！!?？()\[\]{}（）【】《》「」~•·&+]+|-(?!\d)")
_SPACES = re.compile(r"\s+")
_CODE = re.compile(r"(?<![^\W_\u3400-\u9fff])[A-Za-zА-Яа-я]*\d[\w./-]*", re.ASCII)
_CYRILLIC_CODE = re.compile(r"(?<!\w)(?=[^\s]*\d)[\w.,/-]+(?!\w)")
_CHINESE_MARKETING = re.compile(wordlists.CHINESE_MARKETING)
_CHINESE_TENDER = re.compile(wordlists.CHINESE_TENDER)
_CHINESE_GRADE = re.compile(r"\d+(?:\.\d+)?\s?[号级款系列]|第?\d+")
_ENGLISH_MARKETING = re.compile(rf"\b(?:{wordlists.ENGLISH_MARKETING})\b", re.IGNORECASE)
_ENGLISH_TENDER = re.compile(
    rf"^\s*(?:the\s+)?(?:{wordlists.ENGLISH_TENDER})\s+(?:of|for)\s+", re.IGNORECASE
)
_ENGLISH_TAIL = re.compile(
    r"\b(?:with|for|per|from|including|w/|without|made\s+of)\b", re.IGNORECASE
)
_RUSSIAN_TENDER = re.compile(
    rf"^\s*(?:на\s+|по\s+)?(?:(?:{wordlists.RUSSIAN_TENDER})\b(?:\s+(?:и|на|по)\b)*\s*)+",
    re.IGNORECASE,
)
_RUSSIAN_TAIL = re.compile(
    r"\b(?:для|согласно|в\s+соответствии|с\s+учетом|в\s+рамках|на\s+нужды|по\s+адресу|"
    r"в\s+количестве|в\s+комплекте|в\s+сборе|без|с|со|на|по|из|от|не\s+менее|формат\w*|размер\w*|"
    r"калибр\w*|масс[аы]|вес|плотность\w*|длин[аы]|ширин[аы]|высот[аы]|толщин[аы]|диаметр\w*|"
    r"объ[её]м\w*|мощность\w*|цвет\w*|марк[аи])\b",
    re.IGNORECASE,
)
# A word of Latin letters among Cyrillic ones is a brand; a short one may be LED or USB.
_BRAND = re.compile(r"(?<![\w-])[A-Za-z][A-Za-z'&-]{4,}(?![\w-])")
_CYRILLIC = re.compile(r"[а-яёңөү]{3}", re.IGNORECASE)
_KYRGYZ_TENDER = re.compile(rf"(?:\s+|^)(?:{wordlists.KYRGYZ_TENDER}|жана|боюнча)\s*[.]?$")
_KYRGYZ_PURPOSE = re.compile(r"^.*\bүчүн\s+|^.*\bучун\s+", re.IGNORECASE)
_KYRGYZ_PLACE = re.compile(
    r"^(?:\S+\s+){0,3}?\S{2,}(?:га|ге|го|гө|ка|ке|ко|кө|[ыиуүае]на|[ие]не|нда|нде)\s+(?=\S)",
    re.IGNORECASE,
)
_KYRGYZ_AND = re.compile(r"\s+(?:жана|менен|ж-а)\s+")
_KYRGYZ_VERBAL = re.compile(r"(?<=[дтн][ыиуү])\s+\S+(?:уу|үү|оо|өө)$")


@lru_cache(maxsize=8192)
def segments(title: str, language: Language) -> tuple[str, ...]:
    """The parts of `title` between punctuation, advertising and measures, each one once."""
    pieces = _pieces(title, language)
    cleaned = (_tidy(piece, language) for piece in pieces)
    return tuple(dict.fromkeys(piece for piece in cleaned if _says_something(piece)))


@lru_cache(maxsize=8192)
def product_noun(title: str, language: Language) -> str:
    """The phrase of `title` that names the product; the tidied title when none stands out.

    Without advertising, model numbers, quantities, tender verbs and whom it is for. Empty
    for a text without letters.
    """
    parts = segments(title, language)
    if not parts:
        return ""
    if language is Language.ZH:
        return next((part for part in parts if len(_han(part)) > 1), parts[0])
    if language is Language.EN:
        # What is left of a grade or a brand once its number is gone has no small letters.
        named = next((part for part in parts if re.search(r"\b[a-z]{3}", part)), parts[0])
        return _before(_ENGLISH_TAIL, named)
    named = _without_brand(parts[0])
    return _before(_RUSSIAN_TAIL, named) if language is Language.RU else named


@lru_cache(maxsize=8192)
def heads(noun: str, language: Language) -> tuple[str, ...]:
    """Shorter and shorter ends of a Chinese or English noun phrase, where its head stands."""
    if language is Language.ZH:
        words = [word for word in chinese.cut(noun) if chinese.HAN.search(word)]
        tails = ["".join(words[-count:]) for count in (2, 1) if count < len(words)]
        return tuple(tail for tail in tails if len(tail) > 1)
    if language is Language.EN:
        words = noun.split()
        return tuple(" ".join(words[-count:]) for count in (3, 2) if count < len(words))
    return ()


def beneficiary(title: str, language: Language) -> str:
    """Whom or what the goods of a tender line are for; empty when it does not say."""
    if language is Language.RU:
        match = re.search(r"\bдля\s+(.+)$", title, re.IGNORECASE)
        return match[1].strip() if match else ""
    if language is Language.KY:
        match = _KYRGYZ_PURPOSE.match(title)
        return match[0].rsplit(None, 1)[0].strip() if match else ""
    return ""


def _clean_chinese(title: str) -> str:
    text = normalise.simplified(unicodedata.normalize("NFKC", title))
    text = wordlists.CHINESE_PACKING.sub(" ", text)
    text = normalise.without_exact(text)
    text = _CHINESE_MARKETING.sub(" ", text)
    text = _CHINESE_GRADE.sub(" ", text)
    return _CHINESE_TENDER.sub(" ", text) if len(text) > 6 else text


def _pieces(title: str, language: Language) -> list[str]:
    if language is Language.ZH:
        return _CHINESE_BREAK.split(_clean_chinese(title))
    text = unicodedata.normalize("NFKC", title.replace("№", " "))
    if language is Language.EN:
        text = wordlists.ENGLISH_PACKING.sub(" ", _ENGLISH_TENDER.sub("", text))
        text = _ENGLISH_MARKETING.sub(" ", text)
    elif language is Language.RU:
        text = wordlists.RUSSIAN_PACKING.sub(" ", _RUSSIAN_TENDER.sub("", text) or text)
    if language is Language.KY:
        pieces = _BREAK.split(normalise.without_exact(text))
        bought = (_without_kyrgyz_tender(piece) for piece in pieces)
        return [item for piece in bought for item in _KYRGYZ_AND.split(piece)]
    # What stands on either side of a measure seldom belongs together: труба ДУ110, отвод.
    return _BREAK.split(normalise.without_exact(text, mark=", "))


def _without_kyrgyz_tender(text: str) -> str:
    """What is bought: the verbs at the end and the place or purpose at the start go."""
    body = text.strip().rstrip(".")
    stripped = body
    while (shorter := _KYRGYZ_VERBAL.sub("", _KYRGYZ_TENDER.sub("", stripped)).strip()) != stripped:
        if not shorter:
            break
        stripped = shorter
    if stripped == body:
        return body
    stripped = _KYRGYZ_PURPOSE.sub("", stripped) or stripped
    return _KYRGYZ_PLACE.sub("", stripped) or stripped


def _before(tail: re.Pattern[str], phrase: str) -> str:
    """A single word before the tail is too little to go by: ложки с ручками stay whole."""
    match = tail.search(phrase)
    head = phrase[: match.start()].strip() if match else phrase
    nothing_follows = match is not None and match.end() == len(phrase)
    return head if " " in head or (head and nothing_follows) else phrase


def _without_brand(phrase: str) -> str:
    """Whoever makes a Кабель RAINLINE, it is a cable."""
    plain = _SPACES.sub(" ", _BRAND.sub(" ", phrase)).strip()
    return plain if _CYRILLIC.search(plain) else phrase


def _tidy(piece: str, language: Language) -> str:
    piece = _SPACES.sub(" ", piece).strip(" -–—.*+#_'\"“”«»")
    if language is Language.EN:
        piece = re.sub(r"^(?:and|with|for|of|the|a|an|in)\s+", "", piece, flags=re.IGNORECASE)
    return piece


def _says_something(piece: str) -> bool:
    return len(_han(piece)) > 0 or sum(letter.isalpha() for letter in piece) > 1


def _han(piece: str) -> str:
    return "".join(chinese.HAN.findall(piece))
