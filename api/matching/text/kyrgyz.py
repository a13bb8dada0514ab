"""Kyrgyz words: the stems a word form may come from, without a dictionary.

Kyrgyz adds one suffix after another (китеп-тер-и-нин, book-s-of-their) and fits each to the
vowels before it, so stripping is guided by vowel harmony. Which reading is right needs words:
callers try the candidates in order against a glossary.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

_VOWELS = "аеёиоуыэюяөү"
_VOICELESS = "пткфсшчщцх"
# What A (open) and I (close) become after a last vowel. Text typed without ө and ү writes о and у,
# so after о and у the readings of ө and ү are allowed too.
_OPEN = {"а": "а", "я": "а", "ы": "а", "е": "е", "э": "е", "и": "е", "ө": "өо", "ү": "өо"}
_CLOSE = {"а": "ы", "я": "ы", "ы": "ы", "е": "и", "э": "и", "и": "и", "ө": "үу", "ү": "үу"}
_OPEN |= {"о": "оө", "ё": "о", "у": "аоө", "ю": "аеоө"}
_CLOSE |= {"о": "уү", "ё": "у", "у": "уү", "ю": "уиыү"}

# Suffixes by layer, outermost first; A and I are harmonic, D is д or т, L is л, д or т, N is н, д
# or т, G is г or к. `vowel`: stands after a vowel; `consonant`: after a consonant; empty: either.
_CASE = (
    ("NIн", ""), ("GA", ""), ("NI", ""), ("DA", ""), ("DAн", ""), ("DAгы", ""), ("DAгI", ""),
    ("NIкI", ""), ("DAй", ""), ("чA", ""), ("", ""),
)  # fmt: skip
_CASE_AFTER_POSSESSIVE = (
    ("нIн", ""), ("нA", ""), ("н", ""), ("нDA", ""), ("нAн", ""), ("нDAгI", ""), ("нI", ""),
    ("", ""),
)  # fmt: skip
_POSSESSIVE = (("сI", "vowel"), ("I", "consonant"))
_PERSONAL = (
    ("м", "vowel"), ("Iм", "consonant"), ("ң", "vowel"), ("Iң", "consonant"), ("н", "vowel"),
    ("бIз", "vowel"), ("IбIз", "consonant"), ("ңIз", "vowel"), ("IңIз", "consonant"),
)  # fmt: skip
_PLURAL = ("LAр", "")
_DERIVED = (
    "LUU", "LIк", "LIг", "чI", "сIз", "GI", "GIч", "DAш", "лAш", "LAн", "чIлIк", "чылык",
    "UUчU", "UU", "UUдA", "UUгA", "гAн", "кAн", "Aр", "мA", "Iш", "DIр", "ыл", "Iл", "Iн", "DIк",
)  # fmt: skip
_LETTERS = {"D": "дт", "L": "лдт", "N": "ндт", "G": "гк"}
_LONG = {"а": "оу", "е": "өүоу", "о": "оу", "ө": "өүоу", "у": "у", "ү": "үу", "ы": "у", "и": "үу"}
_VOICED = {"б": "п", "г": "к"}
_WORD = re.compile(r"[а-яёңөүa-z]+(?:-[а-яёңөүa-z]+)*")
_SHORTEST = 2

# What Russian spelling has not: its letters, long vowels, and ы after г, к, х, ж, ш, ч.
_SURE_ENDING = re.compile(
    r"(?:[лдт][аеө]р|[лд]ор)[а-яңөү]*|[ндт][ыиуү]н|[дтн][ыуү]|[дт]и|[ыуү]н?|"
    r"[ыиуү]н[аеоөыиуү]н?|[дт][ае]н|[гд][аеоө]"
)
_LEFT_OVER = re.compile(rf"[^{_VOWELS}][дтлнгк]$")
_NATIVE = re.compile(r"[ңөү]|аа|оо|уу|ээ|ыы|[гкхжшч]ы|^ы|ы$|йы")


class Stemmer(Protocol):
    """What this module offers to whoever reads Kyrgyz words."""

    def stems(self, word: str) -> tuple[str, ...]: ...

    def inflections(self, word: str) -> tuple[str, ...]: ...

    def loan(self, word: str) -> str: ...


class AsWritten:
    """Takes every word for its own stem."""

    def stems(self, word: str) -> tuple[str, ...]:
        return (word,)

    def inflections(self, word: str) -> tuple[str, ...]:
        return (word,)

    def loan(self, word: str) -> str:
        return word


@lru_cache(maxsize=65536)
def stems(word: str) -> tuple[str, ...]:
    """Candidate stems of one Kyrgyz `word`, the most likely first, never empty.

    Cases, possession and plural come off before anything else; stems of derived words
    (-луу, -лык, -чы, verbal nouns, participles) follow, the word itself is always among them.
    """
    word = word.casefold()
    if not _WORD.fullmatch(word):
        return (word,)
    nouns = list(dict.fromkeys(inflections(word)))
    verbs = [root for noun in nouns for root in _derivations(noun)]
    return tuple(dict.fromkeys([*nouns, *verbs]))


@lru_cache(maxsize=65536)
def inflections(word: str) -> tuple[str, ...]:
    """Stems of `word` when only case, possession and number are taken off, likeliest first.

    A longer chain of suffixes is the better evidence, a stem of two letters the worse.
    """
    found: dict[str, float] = {word: 0.4}
    for stem, layers in _noun_readings(word):
        weight = layers - (1.2 if len(stem) < 3 else 0.0) + 0.01 * len(stem)
        # мотор-дун rather than моторд-ун: the last letter is more likely the suffix's first.
        weight -= 1.0 if _LEFT_OVER.search(stem) else 0.0
        for rank, restored in enumerate(_restore(stem, word)):
            found[restored] = max(found.get(restored, -9.0), weight - 0.5 * rank)
    return tuple(sorted(found, key=lambda stem: (-found[stem], stem)))


def is_loan(stem: str) -> bool:
    """Whether `stem` may be borrowed from Russian, and so mean the same to a Russian reader.

    Only what is plainly Kyrgyz by its spelling is not: a stray native word does less harm in a
    translation than a lost loan.
    """
    return not _NATIVE.search(stem)


def loan(word: str) -> str:
    """A borrowed `word` without the endings that no Russian noun has of itself.

    Магазин, дорожка and карабин end like Kyrgyz cases, so only sure endings come off.
    """
    word = word.casefold()
    return next(
        (
            stem
            for stem in inflections(word)
            if len(stem) > 3 and word.startswith(stem) and _SURE_ENDING.fullmatch(word[len(stem) :])
        ),
        word,
    )


def folded(word: str) -> str:
    """`word` as typed on a Russian keyboard: ң, ө, ү as н, о, у."""
    return word.translate(_RUSSIAN_KEYS)


_RUSSIAN_KEYS = str.maketrans("ңөүҢӨҮ", "ноуНОУ")


def _noun_readings(word: str) -> Iterator[tuple[str, float]]:
    """(stem, number of suffixes) for each way to take case, possession and plural off."""
    for base, cased in _strip_any(word, _CASE):
        if cased:
            yield base, 1.0
        yield from _plural(base, cased)
        yield from _owned(base, cased, _PERSONAL)
    for base, cased in _strip_any(word, _CASE_AFTER_POSSESSIVE):
        yield from _owned(base, cased, _POSSESSIVE)


def _owned(
    base: str, cased: float, suffixes: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, float]]:
    for bare, owned in _strip_any(base, suffixes):
        # мектеби and мектеп-тер-и: possession without a case is a little weaker evidence.
        yield bare, cased + owned - 0.2
        yield from _plural(bare, cased + owned)


def _plural(base: str, before: float) -> Iterator[tuple[str, float]]:
    for bare in _strip(base, *_PLURAL):
        yield bare, before + 1.3


def _strip_any(word: str, suffixes: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, float]]:
    for template, after in suffixes:
        if not template:
            yield word, 0.0
            continue
        for stem in _strip(word, template, after):
            yield stem, 1.0


def _strip(word: str, template: str, after: str) -> Iterator[str]:
    """The stem before `template` when length, harmony and consonants allow it."""
    size = len(template)
    stem, ending = word[:-size], word[-size:]
    if len(stem) < _SHORTEST or not set(stem) & set(_VOWELS):
        return
    last = stem[-1]
    if (after == "vowel" and last not in _VOWELS) or (after == "consonant" and last in _VOWELS):
        return
    vowel = next(letter for letter in reversed(stem) if letter in _VOWELS)
    for letter, sign in zip(ending, template, strict=True):
        if sign == "A" and letter not in _OPEN[vowel]:
            return
        if sign == "I" and letter not in _CLOSE[vowel]:
            return
        if sign == "U" and letter not in _LONG.get(vowel, "ую"):
            return
        if sign in _LETTERS and letter not in _LETTERS[sign]:
            return
        if sign.islower() and letter != sign:
            return
        vowel = letter if letter in _VOWELS else vowel
    if not _assimilated(last, ending[0], template[0]):
        return
    yield stem


def _assimilated(last: str, first: str, sign: str) -> bool:
    """Voiceless stems take т and к, voiced ones д, г, л or н."""
    if sign not in _LETTERS:
        return True
    if last in _VOICELESS:
        return first in "тк"
    # Loans keep a written voiced final and take either: педагогго, клубка.
    return first not in "тк" or last in "бвгджз"


def _restore(stem: str, word: str) -> Iterator[str]:
    """The stem as the dictionary has it: китеб -> китеп before a suffix in a vowel."""
    follows = word[len(stem) :][:1]
    voiced = bool(follows) and follows in _VOWELS and stem[-1] in _VOICED
    if voiced:
        yield stem[:-1] + _VOICED[stem[-1]]
    yield stem
    if follows and follows in _VOWELS and re.search(rf"[{_VOWELS}][рлнйтзмгк][нлрзм]$", stem):
        vowel = next(letter for letter in reversed(stem) if letter in _VOWELS)
        yield stem[:-1] + _CLOSE[vowel][0] + stem[-1]


def _derivations(noun: str) -> Iterator[str]:
    for template in _DERIVED:
        for stem in _strip(noun, template, "consonant" if template == "UU" else ""):
            yield from _restore(stem, noun)
            if template.startswith("UU"):
                # A verb in a vowel loses it: тазала-, тазалоо.
                vowel = next(letter for letter in reversed(stem) if letter in _VOWELS)
                yield stem + _OPEN[vowel][0]
