"""The font of invoices. It has all four scripts and five megabytes, and is read once a process; each
invoice gets a small font of its own, of the characters that it may need.
"""

import io
from collections.abc import Iterable
from functools import cache
from importlib.resources import as_file, files
from threading import Lock
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont

_NOTHING = ".notdef"
_reading = Lock()
"""Outlines are unpacked when they are first asked for, by one thread at a time."""


def of_characters(characters: Iterable[str]) -> bytes:
    """A TrueType font of these characters, as far as the whole font has them: the same bytes for the
    same characters, without hints."""
    with _reading:
        return _built(_whole(), {ord(each) for each in characters})


@cache
def _whole() -> TTFont:
    with as_file(files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc") as path:
        return TTFont(io.BytesIO(path.read_bytes()), fontNumber=0, lazy=True)


@cache
def _letters() -> dict[int, str]:
    found: dict[int, str] = _whole().getBestCmap()
    return found


def _built(whole: TTFont, wanted: Iterable[int]) -> bytes:
    letters = {code: _letters()[code] for code in sorted(wanted) if code in _letters()}
    outlines: Any = whole["glyf"]
    names = [_NOTHING, *dict.fromkeys(letters.values())]
    for name in names:  # grows by the parts of what is composed
        glyph = outlines[name]
        glyph.expand(outlines)
        glyph.removeHinting()
        names += [each for each in glyph.getComponentNames(outlines) if each not in names]
    metrics: Any = whole["hmtx"]
    head, lines, weight, post = (whole[name] for name in ("head", "hhea", "OS/2", "post"))
    made = FontBuilder(head.unitsPerEm, isTTF=True)
    made.updateHead(created=head.created, modified=head.modified)
    made.setupGlyphOrder(names)
    made.setupCharacterMap(letters)
    made.setupGlyf({name: outlines[name] for name in names})
    made.setupHorizontalMetrics({name: metrics[name] for name in names})
    made.setupHorizontalHeader(ascent=lines.ascent, descent=lines.descent)
    made.setupNameTable(
        {"familyName": "WenQuanYi Micro Hei", "styleName": "Regular", "fullName": _full(whole)}
    )
    made.setupOS2(usWeightClass=weight.usWeightClass, sTypoAscender=weight.sTypoAscender)
    made.setupPost(
        underlinePosition=post.underlinePosition, underlineThickness=post.underlineThickness
    )
    file = io.BytesIO()
    made.font.save(file)
    return file.getvalue()


def _full(whole: TTFont) -> str:
    return str(whole["name"].getBestFullName())
