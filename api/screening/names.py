"""Names as they are compared: one alphabet, without the form of the company, and how alike they are.

Romanisation is anyascii's; likeness is RapidFuzz's. Neither decides anything (rules.screening).
"""

import re
import unicodedata

from anyascii import anyascii
from rapidfuzz import fuzz

LONGEST = 300
_HAN_FORMS = re.compile(
    "有限责任公司|股份有限公司|集团有限公司|有限公司|集团公司|股份公司|公司|集团"
)
_HAN_WORDS = {
    "进出口": " import export ",
    "贸易": " trading ",
    "科技": " technology ",
    "国际": " international ",
    "银行": " bank ",
    "工业": " industrial ",
    "省": " ",
    "市": " ",
}
"""What Chinese companies translate in their English names, where they romanise the rest."""
_FORMS = frozenset(
    [
        "aak",
        "aaq",
        "achyk",
        "ag",
        "aktsionerdik",
        "aktsionernoe",
        "ao",
        "bv",
        "chektelgen",
        "co",
        "company",
        "corp",
        "corporation",
        "gmbh",
        "group",
        "holding",
        "inc",
        "incorporated",
        "jak",
        "joint",
        "jsc",
        "koom",
        "koomu",
        "kg",
        "kk",
        "liability",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "oao",
        "obshchestvo",
        "ogranichennoi",
        "ogranichennoy",
        "ojsc",
        "ooo",
        "osoo",
        "otkrytoe",
        "otvetstvennostyu",
        "pao",
        "pjsc",
        "plc",
        "pte",
        "pvt",
        "s",
        "sa",
        "sarl",
        "sia",
        "spa",
        "srl",
        "stock",
        "tdo",
        "too",
        "zakrytoe",
        "zao",
        "zhabyk",
        "zhak",
        "zhchk",
        "zhoopkerchiligi",
        "the",
        "of",
        "and",
        "i",
    ]
)
_WORD = re.compile(r"[a-z0-9]+")


def key(name: str) -> str:
    """The form in which a name is compared: Latin words in order, without the company's form.

    Of a name that is nothing else than such words, all of them. Empty without letters.

    >>> key("ОсОО «Капитал Банк»")
    'kapital bank'
    """
    text = unicodedata.normalize("NFKC", name)
    text = _HAN_FORMS.sub(" ", text) if _HAN_FORMS.sub("", text).strip() else text
    for word, meant in _HAN_WORDS.items():
        text = text.replace(word, meant)
    words = _WORD.findall(anyascii(text).casefold().replace("'", "").replace(".", ""))
    told = [word for word in words if word not in _FORMS]
    return " ".join(told or words)[:LONGEST].strip()


def likeness(one: str, other: str) -> int:
    """How alike two keys are, of 100: by words in any order, or by letters without spaces.

    Han names are romanised by syllable and others write them in one word, hence the second.
    """
    joined = fuzz.ratio(one.replace(" ", ""), other.replace(" ", ""))
    return int(max(fuzz.token_sort_ratio(one, other), joined))


def goods_likeness(told: str, listed: str) -> int:
    """How alike a description of goods and the name of listed goods are, as keys, of 100: wholly when
    the description has every word of the name, with whatever else it says."""
    within = {*listed.split()} <= {*told.split()}
    return 100 if within else likeness(told, listed)


def identifier(number: str) -> str:
    """A number as it is compared: letters and digits alone, in capitals."""
    return re.sub(r"[^0-9A-Z]", "", anyascii(number).upper())
