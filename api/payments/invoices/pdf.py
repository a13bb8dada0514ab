"""The PDF of an invoice: the same bytes for the same content and language.

One font has all four scripts, Kyrgyz letters and Han included (fonts.py); what is used of it is
embedded.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from tempfile import NamedTemporaryFile
from typing import Any

from fpdf import FPDF
from fpdf.enums import TextEmphasis, XPos, YPos
from fpdf.fonts import FontFace

from api.payments.invoices import fonts
from api.payments.invoices.words import alphabet, amount, day, money, share, told
from api.rules.fees import InvoiceKind

_FONT = "invoice"
_WIDTHS = (92, 22, 32, 34)
_GREY = 110
_PERIOD = " – "


class _Page(FPDF):
    """An A4 page with its number at the foot."""

    def __init__(self, language: str) -> None:
        super().__init__(format="A4")
        self.language = language

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(_FONT, size=8)
        self.set_text_color(_GREY)
        self.cell(0, 8, told(self.language, "page", page=str(self.page_no())), align="C")
        self.set_text_color(0)


def render(content: Mapping[str, Any], language: str) -> bytes:
    """An invoice as PDF; `content` is FeeInvoice.content, `language` one of words.LANGUAGES."""
    page = _Page(language)
    with NamedTemporaryFile(suffix=".ttf") as font:  # fpdf2 takes a file, and reads it to the end
        font.write(fonts.of_characters(_characters(content, language)))
        font.flush()
        page.add_font(_FONT, fname=font.name)
        return _told(page, content)


def _characters(content: Mapping[str, Any], language: str) -> set[str]:
    """What the invoice may say: its content, and all words, months and signs of the language."""
    return {*json.dumps(content, ensure_ascii=False), *alphabet(language), *_PERIOD}


def _told(page: _Page, content: Mapping[str, Any]) -> bytes:
    issued = date.fromisoformat(content["issue_date"])
    page.set_creation_date(datetime.combine(issued, time(), UTC))
    page.set_title(content["number"])
    page.set_lang(page.language)
    page.add_page()
    _head(page, content, issued)
    _parties(page, content)
    _lines(page, content)
    _totals(page, content)
    return bytes(page.output())


def _head(page: _Page, content: Mapping[str, Any], issued: date) -> None:
    language = page.language
    kind = InvoiceKind(content["kind"])
    page.set_font(_FONT, size=18)
    _line(page, f"{told(language, kind.value)} {content['number']}", height=12)
    page.set_font(_FONT, size=10)
    _line(page, f"{told(language, 'issue_date')}: {day(language, issued)}")
    if content["due_date"]:
        due = date.fromisoformat(content["due_date"])
        _line(page, f"{told(language, 'due_date')}: {day(language, due)}")
    if content["credits"]:
        _line(page, f"{told(language, 'credits')}: {content['credits']}")
    if content["reason"]:
        _line(page, f"{told(language, 'reason')}: {content['reason']}")
    page.ln(4)


def _parties(page: _Page, content: Mapping[str, Any]) -> None:
    for side in ("seller", "buyer"):
        party = content[side]
        page.set_text_color(_GREY)
        _line(page, told(page.language, side))
        page.set_text_color(0)
        _line(page, party["names"].get(page.language) or next(iter(party["names"].values())))
        _line(page, f"{told(page.language, 'tax_id')}: {party['identifier']}")
        if party["address"]:
            _line(page, party["address"])
        page.ln(3)


def _lines(page: _Page, content: Mapping[str, Any]) -> None:
    language = page.language
    heads = ("description", "quantity", "unit_price", "amount")
    aligns = ("LEFT", "RIGHT", "RIGHT", "RIGHT")
    plain = FontFace(emphasis=TextEmphasis.NONE)
    with page.table(
        col_widths=_WIDTHS, text_align=aligns, line_height=7, headings_style=plain
    ) as table:
        table.row([told(language, head) for head in heads])
        for line in content["lines"]:
            table.row(
                [
                    _described(language, line),
                    amount(language, Decimal(line["quantity"])).rstrip("0").rstrip(",."),
                    amount(language, Decimal(line["unit_price"])),
                    amount(language, Decimal(line["amount"])),
                ]
            )
    page.ln(4)


def _described(language: str, line: Mapping[str, Any]) -> str:
    values = {"about": line.get("names", {}).get(language) or line["about"]}
    if line.get("rate_bp") is not None:
        values["rate"] = share(language, line["rate_bp"])
    if line.get("period"):
        first, last = (date.fromisoformat(each) for each in line["period"])
        values["period"] = _PERIOD.join(day(language, each) for each in (first, last))
    return told(language, line["code"], **values)


def _totals(page: _Page, content: Mapping[str, Any]) -> None:
    language, currency = page.language, content["currency"]
    rate = share(language, content["tax_rate_bp"])
    for key in ("net", "tax", "gross"):
        label = told(language, key, rate=rate) if key == "tax" else told(language, key)
        page.set_font(_FONT, size=12 if key == "gross" else 10)
        _line(page, f"{label}: {money(language, Decimal(content[key]), currency)}", align="R")
    if content["withheld"]:
        page.set_font(_FONT, size=10)
        _line(page, told(language, "withheld"), align="R")


def _line(page: _Page, text: str, *, height: float = 6, align: str = "L") -> None:
    page.multi_cell(0, height, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
