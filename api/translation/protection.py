"""Terms of the glossary kept as they are while a hosted engine translates what is around them.

Each becomes `<span translate="no">` with the term of the other language inside: the attribute of
HTML that LibreTranslate and DeepL honour when they are told that a text is HTML.
"""

import html
import re
from typing import NamedTuple

from api.matching.text.language import Language
from api.translation.term_by_term import TermByTerm

_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[ \t\u00a0]+")


class Protected(NamedTuple):
    """A text as HTML, and the terms that must come back in it."""

    markup: str
    terms: tuple[str, ...]


def protect(text: str, source: Language, into: Language, known: TermByTerm) -> Protected:
    """The text with the glossary's terms in the other language, marked as not to be translated."""
    parts, end, terms = [], 0, []
    for start, stop, term in sorted(known.terms(text, source, into)):
        parts.append(html.escape(text[end:start]))
        parts.append(f'<span translate="no">{html.escape(term)}</span>')
        terms.append(term)
        end = stop
    return Protected("".join([*parts, html.escape(text[end:])]), tuple(terms))


def restore(answer: str) -> str:
    """The plain text of an engine's HTML."""
    return _SPACES.sub(" ", html.unescape(_TAG.sub("", answer))).strip()


def lost(terms: tuple[str, ...], text: str) -> list[str]:
    """The terms that did not come back."""
    folded = text.casefold()
    return [term for term in terms if term.casefold() not in folded]
