"""The figures of `kerben match evaluate` as tables, for a terminal and for a README."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Table

from api.matching.text.evaluation import Line, Row, direction_of

FIGURES = ("R@1", "R@10", "MRR", "nDCG@10")
_SAMPLED = "* a sample of the set's queries"


@dataclass(frozen=True, slots=True)
class Figures:
    """A table of words and numbers; rows of one section belong together, `bold` ones stand out."""

    title: str
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    sections: Sequence[Sequence[tuple[str, ...]]]
    bold: frozenset[tuple[str, ...]]
    note: str = ""

    def rich(self) -> Table:
        """For a terminal."""
        table = Table(*self.words, title=self.title, caption=self.note or None)
        for name in self.numbers:
            table.add_column(name, justify="right")
        for section in self.sections:
            for row in section:
                table.add_row(*row, style="bold" if row in self.bold else None)
            table.add_section()
        return table

    def markdown(self) -> str:
        """For a README."""
        rule = "|" + "---|" * len(self.words) + "--:|" * len(self.numbers)
        rows = [row for section in self.sections for row in section]
        lines = ["| " + " | ".join(row) + " |" for row in ((*self.words, *self.numbers), *rows)]
        note = [f"\n{self.note.replace('*', chr(92) + '*')}"] if self.note else []
        return "\n".join([lines[0], rule, *lines[1:], *note])


def figures(rows: Sequence[Row]) -> Figures:
    """Every engine on every pair."""
    pairs: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    bold = set()
    for row in rows:
        shown = (
            row.dataset,
            row.pair,
            row.engine,
            f"{row.queries}{'*' if row.sampled else ''}",
            str(row.documents),
            *(f"{value:.3f}" for value in (row.recall_1, row.recall_10, row.mrr, row.ndcg_10)),
        )
        pairs.setdefault((row.dataset, row.pair), []).append(shown)
        if row.engine == "full":
            bold.add(shown)
    return Figures(
        "Matching, development halves",
        ("set", "pair", "engine"),
        ("queries", "documents", *FIGURES),
        list(pairs.values()),
        frozenset(bold),
        _SAMPLED if any(row.sampled for row in rows) else "",
    )


def ablation(lines: Sequence[Line]) -> Figures:
    """nDCG@10 of the full engine by direction, and what changes without each ingredient."""
    if not lines:
        return Figures("Ablation", ("engine",), (), [], frozenset())
    full = lines[0]
    directions = sorted({direction_of(row) for row in full.rows})

    def cells(line: Line) -> tuple[str, ...]:
        return (line.name, *(_cell(line, full, d) for d in directions), *_over_all(line, full))

    rows = [cells(line) for line in lines]
    return Figures(
        "Ablation: nDCG@10 by direction, the sets of a direction weighing the same",
        ("engine",),
        (*directions, "all", "R@1, all", "R@10, all"),
        [rows[:1], rows[1:]],
        frozenset(rows[:1]),
    )


def _over_all(line: Line, full: Line) -> tuple[str, ...]:
    return (
        _cell(line, full),
        _cell(line, full, figure=lambda row: row.recall_1),
        _cell(line, full, figure=lambda row: row.recall_10),
    )


def _cell(
    line: Line,
    full: Line,
    direction: str = "",
    figure: Callable[[Row], float] = lambda row: row.ndcg_10,
) -> str:
    value = line.mean(figure, direction)
    return f"{value:.3f}" if line is full else f"{value - full.mean(figure, direction):+.3f}"
