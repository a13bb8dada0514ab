"""A timeline as SVG: each step is a line, with what was planned above what happened.

Colours are told apart in grey as well: a plan is a hollow circle, an estimate a half-filled one,
what happened a full one, and the bar between plan and fact is solid when it is late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from api.delivery.schemas.timelines import StepOut, TimelineOut
from api.rules.clock import BISHKEK

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 960, 250, 130, 84, 34
_EARLY, _LATE, _PLAN, _LINE = "#1b7a3d", "#b3261e", "#5f6368", "#dadce0"
_TICKS = 6


def drawn(timeline: TimelineOut) -> str:
    """The picture of a timeline; days and hours are those of Bishkek."""
    steps = timeline.steps
    height = _TOP + _ROW * max(len(steps), 1) + 40
    title = f"{timeline.number}: {timeline.status.replace('_', ' ')}"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
            f' width="{_WIDTH}" height="{height}" role="img" font-family="sans-serif" font-size="12">'
        ),
        f"<title>{_text(title)}</title>",
        f"<desc>{_text(_described(steps))}</desc>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="bold">{_text(title)}</text>',
        _legend(),
    ]
    if not steps:
        parts.append(f'<text x="16" y="{_TOP + 20}">No events yet.</text></svg>')
        return "".join(parts)
    moments = [at for step in steps for at in _moments(step)]
    scale = _Scale(min(moments), max(moments))
    parts += _axis(scale, height)
    for place, step in enumerate(steps):
        parts += _row(step, _TOP + _ROW * place + _ROW // 2, scale)
    parts.append("</svg>")
    return "".join(parts)


class _Scale:
    """Instants on the horizontal axis."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self.first, self.span = first, max(last - first, timedelta(hours=1))

    def x(self, at: datetime) -> float:
        share = (at - self.first) / self.span
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def ticks(self) -> list[datetime]:
        return [self.first + self.span * number / _TICKS for number in range(_TICKS + 1)]


def _moments(step: StepOut) -> list[datetime]:
    told = (step.planned_at, step.replanned_at, step.estimated_at, step.actual_at)
    return [at for at in told if at is not None]


def _row(step: StepOut, y: int, scale: _Scale) -> list[str]:
    """A step: its name, its circles, the bar between plan and fact, how late it is."""
    leg = f" (leg {step.leg_seq})" if step.leg_seq is not None else ""
    place = f", {step.place_code}" if step.place_code else ""
    name = f"{step.milestone.replace('_', ' ')}{leg}{place}"
    parts = [
        f'<text x="16" y="{y + 4}">{_text(name[:38])}</text>',
        f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="{_LINE}"/>',
    ]
    told = step.actual_at or step.estimated_at
    late = step.deviation_hours is not None and step.deviation_hours > 0
    colour = _LATE if late else _EARLY
    if step.planned_at is not None and told is not None:
        ends = sorted((scale.x(step.planned_at), scale.x(told)))
        dashes = "" if late else ' stroke-dasharray="4 3"'
        parts.append(
            f'<line x1="{ends[0]}" y1="{y}" x2="{ends[1]}" y2="{y}" stroke="{colour}"'
            f' stroke-width="4"{dashes}/>'
        )
    for at in (step.planned_at, step.replanned_at):
        if at is not None:
            parts.append(_circle(scale.x(at), y - 5, "#ffffff", _PLAN, f"planned {_shown(at)}"))
    if step.actual_at is None and step.estimated_at is not None:
        note = f"estimated {_shown(step.estimated_at)}"
        parts.append(_circle(scale.x(step.estimated_at), y + 5, "#f6c26b", colour, note))
    if step.actual_at is not None:
        note = f"actual {_shown(step.actual_at)}"
        parts.append(_circle(scale.x(step.actual_at), y + 5, colour, colour, note))
    if step.deviation_hours is not None:
        reasons = f" {', '.join(step.delay_reasons)}" if step.delay_reasons else ""
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 12}" y="{y + 4}" fill="{colour}">'
            f"{step.deviation_hours:+} h{_text(reasons[:12])}</text>"
        )
    return parts


def _circle(x: float, y: float, fill: str, stroke: str, note: str) -> str:
    return (
        f'<circle cx="{x}" cy="{y}" r="5" fill="{fill}" stroke="{stroke}" stroke-width="2">'
        f"<title>{_text(note)}</title></circle>"
    )


def _axis(scale: _Scale, height: int) -> list[str]:
    parts = []
    for at in scale.ticks():
        x = scale.x(at)
        parts.append(
            f'<line x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{height - 30}" stroke="{_LINE}"'
            ' stroke-dasharray="2 4"/>'
            f'<text x="{x}" y="{height - 12}" text-anchor="middle" fill="{_PLAN}">'
            f"{at.astimezone(BISHKEK):%d.%m %H:%M}</text>"
        )
    return parts


def _legend() -> str:
    marks = (
        ("#ffffff", _PLAN, "planned"),
        ("#f6c26b", _PLAN, "estimated"),
        (_PLAN, _PLAN, "actual"),
    )
    return "".join(
        f'<circle cx="{22 + 110 * place}" cy="52" r="5" fill="{fill}" stroke="{stroke}"'
        f' stroke-width="2"/><text x="{34 + 110 * place}" y="56">{name}</text>'
        for place, (fill, stroke, name) in enumerate(marks)
    )


def _described(steps: Sequence[StepOut]) -> str:
    """The picture in words, for those who hear it."""
    return "; ".join(
        f"{step.milestone}: planned {_shown(step.planned_at)}, actual {_shown(step.actual_at)}"
        for step in steps
    )


def _shown(at: datetime | None) -> str:
    return "unknown" if at is None else f"{at.astimezone(BISHKEK):%Y-%m-%d %H:%M}"


def _text(text: str) -> str:
    return escape("".join(c for c in text if c.isprintable()))
