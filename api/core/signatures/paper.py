"""The paper of a document: a PDF to be read and signed by people, with the document in it.

Its pages say everything that the document says, in words of the document; the bytes of the document
are attached, so that whoever has the paper alone can check it.
"""

import json
from datetime import datetime
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.output import AcroForm, OutputProducer, PDFCatalog
from fpdf.syntax import PDFArray

_FONT = "paper"
_GREY = 110
_INDENT = 6
_APPENDED_TO = 3
"""Of ISO 32000, table 225: there are signatures, and the file only grows."""


@lru_cache(maxsize=8)
def render(document: bytes, *, title: str, sha256: str, at: datetime) -> bytes:
    """The PDF of a JSON document, made at `at`: always the same bytes for the same arguments.

    Most of a second of setting type, which who reads and then signs does not wait for twice.
    """
    page = _Page(sha256)
    with as_file(files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc") as font:
        page.add_font(_FONT, fname=font, collection_font_number=0)
    page.set_creation_date(at)
    page.set_title(title)
    page.add_page()
    page.set_font(_FONT, size=16)
    _line(page, title, height=10)
    page.ln(3)
    page.set_font(_FONT, size=9)
    _tell(page, json.loads(document), 0)
    page.embed_file(
        basename="document.json",
        bytes=document,
        mime_type="application/json",
        creation_date=at,
        modification_date=at,
    )
    return bytes(page.output(output_producer_class=_Signable))


class _Signable(OutputProducer):
    """With an empty form, to which signatures are added: that a paper has got one where there was
    none would be a change of its structure."""

    def _add_catalog(self) -> PDFCatalog:
        catalog = super()._add_catalog()
        catalog.acro_form = AcroForm(PDFArray(), sig_flags=_APPENDED_TO)
        return catalog


class _Page(FPDF):
    """An A4 page with the digest of the document at the foot."""

    def __init__(self, sha256: str) -> None:
        super().__init__(format="A4")
        self._sha256 = sha256

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(_FONT, size=7)
        self.set_text_color(_GREY)
        self.cell(0, 8, f"SHA-256 {self._sha256} · {self.page_no()}", align="C")
        self.set_text_color(0)


def _tell(page: FPDF, value: Any, depth: int) -> None:
    """Names and values, one a line; what is in a value stands indented below its name."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value, start=1)
    for name, inner in pairs:
        if isinstance(inner, dict | list) and inner:
            _line(page, f"{name}:", depth=depth)
            _tell(page, inner, depth + 1)
        else:
            told = "-" if inner in (None, [], {}, "") else str(inner)
            _line(page, f"{name}: {told}", depth=depth)


def _line(page: FPDF, text: str, *, height: float = 5, depth: int = 0) -> None:
    page.set_x(page.l_margin + depth * _INDENT)
    page.multi_cell(0, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
