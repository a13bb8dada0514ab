"""One spelling for what four languages write in many: letters, numbers, units, codes."""

import re
import unicodedata
from functools import lru_cache

import opencc

from api.matching.text import units
from api.matching.text.language import Language

_TO_SIMPLIFIED = opencc.OpenCC("t2s")

_LETTER = "A-Za-zÀ-ɏͰ-ϿЀ-ӿ"
_NUMBER = r"\d{1,3}(?:[ ,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?"
_SEPARATOR = r"\s?(?:[-–—~÷/]|[xхXХ×*])\s?"
_ALPHABETIC = sorted((u for u in units.UNITS if re.match(f"[{_LETTER}]", u)), key=len, reverse=True)
_OTHER = sorted((u for u in units.UNITS if u not in _ALPHABETIC), key=len, reverse=True)
_ALTERNATIVES = (
    rf"(?:(?:{'|'.join(map(re.escape, _ALPHABETIC))})(?![{_LETTER}\d])"
    rf"|{'|'.join(map(re.escape, _OTHER))})"
)
_MEASURE = re.compile(
    rf"(?<![{_LETTER}\d.,])(?P<numbers>(?:{_NUMBER})(?:{_SEPARATOR}(?:{_NUMBER}))*)"
    rf"\s?-?(?P<unit>{_ALTERNATIVES})\.?",
    re.IGNORECASE,
)
_PART = re.compile(_NUMBER)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ ,]\d{3})+")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_DIAMETER = re.compile(
    r"(?<![^\W_])(?:DN|ДУ|Д[уУ]|[ØøΦφ∅⌀])\s?(\d+(?:[.,]\d+)?)(?:\s?(?:мм|mm)(?![^\W\d_]))?(?!\d)",
    re.IGNORECASE,
)
# "16G" in a title is memory when it is a power of two and the G is a capital.
_GIGABYTES = re.compile(
    rf"(?<![{_LETTER}\d.,])(1|2|4|8|16|32|64|128|256|512)\s?[GГ](?![{_LETTER}])"
)
# Single capitals only: "5 в упаковке" is no voltage and "12 а" no current.
_VOLTS = re.compile(rf"(?<![{_LETTER}\d.,])(\d+)\s?[В](?![{_LETTER}])")
_CROSSED = re.compile(r"(?<=\d)\s?[xхXХ×*]\s?(?=\d)")
_TYRE = re.compile(r"(?<!\d)(\d{3})\s?/\s?(\d{2,3})\s?(?:Z?R)\s?(\d{2})(?!\d)", re.IGNORECASE)
# A number sign would be folded to the letters No and make a code of any number.
_POWERS = str.maketrans({"№": " ", "²": "2", "³": "3", "㎡": "m2", "㎥": "m3"})

_HOMOGLYPHS = str.maketrans("авекмнорстухіј", "abekmhopctyxij")
_TRANSLITERATION = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
        "и": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
        "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "sh",
        "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "ң": "ng", "ө": "o", "ү": "u",
    }
)  # fmt: skip
_ONLY_HOMOGLYPHS = re.compile(r"[авекмнорстухіj\W\d_a-z]+")

_STANDARD = re.compile(
    r"(?<![^\W_])(ГОСТ|GOST|ТУ|СТБ|СТО|СНиП|GB/T|GB|ISO|EN|DIN|ASTM|IEC|МЭК|JIS|YY/T|YY|QB/T|HG/T|"
    r"JB/T|API|ANSI|ASME|UL|BS|КМС|IP|ИП)"
    r"(?:\s?(?:Р|R|ИСО|ISO|МЭК|IEC|EN|ЕН))*[\s-]?([A-ZА-Я]?\d[\d.]*)",
    re.IGNORECASE,
)
_STANDARD_NAMES = {"гост": "gost", "мэк": "iec", "ип": "ip", "снип": "snip", "кмс": "kms"}
_CODE = re.compile(
    rf"(?<![{_LETTER}\d])(?=[^\s]*\d)[A-ZА-Яa-z0-9]+(?:[-/.][A-ZА-Яa-z0-9]+)*(?![{_LETTER}\d])"
)
_RUN = re.compile(r"[^\W\d_]+")
_DIGIT_GROUPS = re.compile(r"(?<![\w.,/-])\d+(?:[-/]\d+(?:[.,]\d+)?){2,}(?![\w/-])")
_LOWER_CYRILLIC_CODE = re.compile(rf"(?<![{_LETTER}\d])[асвекмнорту]\d(?![{_LETTER}\d])")


def normalise(text: str, language: Language) -> str:
    """`text` for comparing: NFKC, simplified characters, case folded, canonical measures.

    Doing it twice changes nothing more.
    """
    folded = _fold(text, language is Language.ZH)
    return " ".join(_measured(folded).casefold().split())


def simplified(text: str) -> str:
    """`text` with traditional Chinese characters replaced by simplified ones."""
    return str(_TO_SIMPLIFIED.convert(text))


@lru_cache(maxsize=4096)
def exact_tokens(text: str) -> frozenset[str]:
    """What must agree letter for letter: measures, standards, sizes, model numbers.

    Give it the text as written: capitals tell a code from a word. The tokens of one thing are
    the same in every language: 80 г/м2, 80gsm and 80克 are `80g`, А4 in Cyrillic is `a4`.
    """
    text = unicodedata.normalize("NFKC", text.translate(_POWERS))
    tokens: set[str] = set()

    def take(pattern: re.Pattern[str], spell: object) -> None:
        nonlocal text
        assert callable(spell)
        tokens.update(token for match in pattern.finditer(text) if (token := spell(match)))
        text = pattern.sub(" ", text)

    take(_STANDARD, _standard)
    take(_TYRE, lambda match: f"{match[1]}/{match[2]}r{match[3]}")
    take(_DIAMETER, lambda match: _amount(_value(match[1]), "length"))
    take(_GIGABYTES, lambda match: f"{match[1]}gb")
    take(_VOLTS, lambda match: f"{match[1]}v")
    take(_MEASURE, _measure)
    text = _CROSSED.sub("x", text)
    take(_DIGIT_GROUPS, lambda match: match[0].replace(",", "."))
    take(_CODE, lambda match: _code(match[0]))
    take(_LOWER_CYRILLIC_CODE, lambda match: match[0].translate(_HOMOGLYPHS))
    return frozenset(tokens)


def without_exact(text: str, mark: str = " ") -> str:
    """`text` with measures, standards, sizes and model numbers replaced by `mark`."""
    for pattern in (_STANDARD, _TYRE, _DIAMETER, _GIGABYTES, _VOLTS, _MEASURE, _DIGIT_GROUPS):
        text = pattern.sub(mark, text)
    text = _CODE.sub(lambda match: mark if _code(match[0]) else match[0], _CROSSED.sub("x", text))
    return re.sub(rf"(?<![{_LETTER}\d])\d+(?:[.,]\d+)*(?![{_LETTER}\d-])", mark, text)


def _fold(text: str, chinese: bool) -> str:
    # Folding case can undo NFKC and conversion can produce further characters, hence the loop.
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", text.translate(_POWERS))
        folded = _GIGABYTES.sub(r"\1gb", folded)
        folded = _VOLTS.sub(r"\1v", folded)
        folded = unicodedata.normalize("NFKC", folded.casefold())
        folded = simplified(folded) if chinese else folded
        if folded == text:
            break
        text = folded
    return text


def _measured(text: str) -> str:
    text = _TYRE.sub(lambda match: f"{match[1]}/{match[2]}r{match[3]}", text)
    text = _DIAMETER.sub(lambda match: f" {_amount(_value(match[1]), 'length')} ", text)
    text = _MEASURE.sub(lambda match: f" {_measure(match)} ", text)
    return _CROSSED.sub("x", text)


def _measure(match: re.Match[str]) -> str:
    unit = units.UNITS[match["unit"].casefold()]
    numbers = [_value(part) for part in _PART.findall(match["numbers"])]
    if len(numbers) == 1:
        return _amount(numbers[0] * unit.factor, unit.dimension)
    scale = dict(units.SCALES[unit.dimension])
    symbol = units.COMPOSITE.get(unit.dimension) or units.SCALES[unit.dimension][-1][0]
    if symbol not in scale:
        symbol = units.SCALES[unit.dimension][0][0]
    size = scale[symbol]
    separator = "x" if _CROSSED.search(match["numbers"]) else "-"
    return separator.join(_spell(number * unit.factor / size) for number in numbers) + symbol


def _amount(value: float, dimension: str) -> str:
    scale = units.SCALES[dimension]
    symbol, size = next(((s, f) for s, f in scale if value >= f * (1 - 1e-9)), scale[-1])
    return f"{_spell(value / size)}{symbol}"


def _value(number: str) -> float:
    """Commas are decimal in Russian and thousands in English: three digits after tell."""
    if _THOUSANDS.fullmatch(number):
        return float(number.replace(" ", "").replace(",", ""))
    return float(number.replace(",", "."))


def _spell(value: float) -> str:
    return f"{round(value, 4):.4f}".rstrip("0").rstrip(".")


def _standard(match: re.Match[str]) -> str:
    name = match[1].casefold().replace("/t", "")
    name = _STANDARD_NAMES.get(name, _latin(name))
    return f"{name}{_latin(match[2].casefold()).rstrip('.')}"


def _code(code: str) -> str | None:
    """The Latin spelling of a model number; None for a plain number or an inflected numeral."""
    if not re.search(r"[^\W\d_]", code) or not re.search(r"\d", code):
        return code if re.fullmatch(r"\d+(?:x\d+)+", code) else None
    if max(map(len, _RUN.findall(code))) > 6 or len(code) < 2:
        return None
    return re.sub(r"(?<=[a-z])-(?=\d)", "", _latin(code.casefold()))


def _latin(code: str) -> str:
    table = _HOMOGLYPHS if _ONLY_HOMOGLYPHS.fullmatch(code) else _TRANSLITERATION
    return code.translate(table)
