"""The dashboard asks for what is exposed, and shows all that is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "docs" / "grafana-dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "gauge": ("",)}
QUERIES = [
    (panel["title"], target["expr"], target["legendFormat"])
    for panel in PANELS
    for target in panel["targets"]
]


def names(node: Any) -> Iterator[str]:
    """The metrics that a parsed expression asks for."""
    if isinstance(node, promql_parser.VectorSelector):
        yield str(node.name)
    for part in ("expr", "lhs", "rhs", "args", "vector_selector"):
        inner = getattr(node, part, None)
        for each in inner if isinstance(inner, list) else [inner]:
            if each is not None:
                yield from names(each)


def asked(expression: str) -> set[str]:
    """The metrics that an expression asks for; one that Prometheus cannot read is an error."""
    return set(names(promql_parser.parse(expression.replace("$__rate_interval", "5m"))))


@pytest.fixture(scope="module")
def families(application: Any) -> dict[str, str]:
    """The metrics of ours that the application exposes: name -> type."""
    application.get("/livez")
    return {
        family.name: family.type
        for family in text_string_to_metric_families(application.get("/metrics").text)
        if family.name.startswith("kerben_")
    }


@pytest.mark.parametrize(("title", "expression", "legend"), QUERIES)
def test_a_panel_asks_for_metrics_that_are_exposed(
    families: dict[str, str], title: str, expression: str, legend: str
) -> None:
    exposed = {name + suffix for name, kind in families.items() for suffix in SUFFIXES[kind]}
    assert asked(expression)
    assert asked(expression) <= exposed
    kept = {
        label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")
    }
    assert set(re.findall(r"{{(\w+)}}", legend)) == kept - {"le"}


def test_every_metric_of_ours_has_a_panel(families: dict[str, str]) -> None:
    shown = {name for _, expression, _ in QUERIES for name in asked(expression)}
    unseen = {
        name
        for name, kind in families.items()
        if not {name + suffix for suffix in SUFFIXES[kind]} & shown
    }
    assert len(families) > 15
    assert unseen == set()


def test_the_data_source_is_chosen_when_the_dashboard_is_opened() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    sources = [each["datasource"] for panel in PANELS for each in (panel, *panel["targets"])]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


def test_panels_have_numbers_of_their_own_and_do_not_cover_each_other() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken = [
        (place["x"] + x, place["y"] + y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["w"])
        for y in range(place["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
