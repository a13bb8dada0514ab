"""The comparison of bids as a picture (SVG, PNG): stacked bars of what each total is made of."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from threading import Lock
from typing import Any, Literal

type ChartFormat = Literal["svg", "png"]
MEDIA_TYPES: dict[ChartFormat, str] = {"svg": "image/svg+xml", "png": "image/png"}
_TAXES = {"fee": "fee", "duty": "duty", "remedies": "remedies", "excise": "excise", "vat": "VAT"}
_COLOURS = ("#2b6c99", "#8fbbd9", "#c98a2b", "#b5544a", "#7a5195", "#9aa5ad")
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "kerben",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
}

_HAN, _LONGEST = 0x2E80, 28
_one_at_a_time = Lock()
"""The settings of the library belong to the whole process."""


def bars(table: Mapping[str, Any], names: Mapping[Any, str], form: ChartFormat) -> bytes:
    """The bids that have a total, the cheapest on top; `names` are their labels.

    The same comparison gives the same bytes. Numbers stand at the end of each bar, so that the
    picture can be read without its axis.
    """
    # Seconds of loading, which no other command or route should wait for.
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [row for row in table["bids"] if row["total_gross"] is not None]
    with _one_at_a_time, rc_context(_SETTINGS):
        figure = Figure(figsize=(10, 1.6 + 0.55 * max(1, len(rows))), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _draw(axes, rows, names)
        axes.set_title(
            f"DDP {table['destination_place_code']}, {table['currency']},"
            f" {table['fx_source']} {table['fx_day']}",
            loc="left",
        )
        out = BytesIO()
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(out, format=form, dpi=120, metadata=metadata)
    return out.getvalue()


def label(names: Mapping[str, str], otherwise: str) -> str:
    """A name that the bundled font can write, which has no Chinese; else the end of an id."""
    for language in ("ru", "en", "ky"):
        name = names.get(language, "").strip()
        if name and all(ord(sign) < _HAN for sign in name):
            return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return f"…{otherwise[-8:]}"


def _draw(axes: Any, rows: Sequence[Mapping[str, Any]], names: Mapping[Any, str]) -> None:
    positions = range(len(rows))
    left = [0.0] * len(rows)
    parts: dict[str, list[Decimal]] = {
        "price, freight, insurance": [_before_taxes(r) for r in rows]
    }
    for name, label in _TAXES.items():
        parts[label] = [row[name] or Decimal() if _adds(row) else Decimal() for row in rows]
    for (label, amounts), colour in zip(parts.items(), _COLOURS, strict=True):
        if any(amounts):
            widths = [float(amount) for amount in amounts]
            axes.barh(positions, widths, left=left, label=label, color=colour, height=0.6)
            left = [at + width for at, width in zip(left, widths, strict=True)]
    for at, row in zip(positions, rows, strict=True):
        axes.annotate(
            f" {row['total_gross']:,.2f}".replace(",", " "), (left[at], at), va="center", fontsize=9
        )
    axes.set_yticks(positions, [names[row["bid_id"]] for row in rows])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x / 1e6:g} M")
    axes.spines[["top", "right"]].set_visible(False)
    if rows:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False)


def _adds(row: Mapping[str, Any]) -> bool:
    """True when taxes are paid beside the price, not inside it."""
    return row["duty"] is not None


def _before_taxes(row: Mapping[str, Any]) -> Decimal:
    taxes = sum((row[name] or Decimal() for name in _TAXES), Decimal()) if _adds(row) else Decimal()
    total: Decimal = row["total_gross"]
    return total - taxes
