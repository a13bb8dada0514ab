"""The catalogue says of every event what it tells, and breaks nobody who relies on it."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema_rs import Draft202012Validator

from api.cli.check import DOCUMENT
from api.core import ids
from api.core.migrations import ROOT
from api.rules.permissions import SCOPES, OrgRole, scopes_of
from api.webhooks import catalogue, envelopes, forms
from api.webhooks.catalogue import INTERNAL, TYPES
from api.webhooks.catalogue.kinds import references
from tests.webhooks import emitted
from workers.handlers import HANDLERS

COMMITTED = ROOT / "openapi" / "events.json"
PAGE = ROOT / "docs" / "events.md"
BEGIN, END = "<!-- catalogue -->\n", "<!-- end of the catalogue -->\n"


def form(name: str) -> dict[str, Any]:
    """The form of a type, as it is committed."""
    kind = TYPES[name]
    return dict(json.loads(json.dumps({"version": kind.version, "schema": forms.schema(kind)})))


def breaks(before: Any, now: Any, path: str = "") -> list[str]:
    """What a reader of `before` could stumble over in `now`: all but new types, fields and codes."""
    if isinstance(before, dict) and isinstance(now, dict):
        words = {"description", "title", "examples"}
        return [
            fault
            for key, value in before.items()
            if key not in words
            for fault in (
                breaks(value, now[key], f"{path}/{key}")
                if key in now
                else [f"{path}/{key} is gone"]
            )
        ]
    if isinstance(before, list) and isinstance(now, list):
        return [f"{path} lacks {each}" for each in before if each not in now]
    return [] if before == now else [f"{path} was {before}, is {now}"]


def table() -> str:
    """The catalogue as it stands in the documentation."""
    lines = ["| Type | What happened | Scope | Told to |", "|---|---|---|---|"]
    for name, kind in TYPES.items():
        whom = "everybody" if kind.public else "those concerned"
        lines.append(f"| `{name}` | {kind.description} | `{kind.scope}` | {whom} |")
    return "\n".join(lines) + "\n"


def test_wh_11_nothing_that_was_promised_is_taken_away(pytestconfig: pytest.Config) -> None:
    """A break needs a new `version` of the type; everything else is committed as it is."""
    before, now = json.loads(COMMITTED.read_text()), {name: form(name) for name in sorted(TYPES)}
    promised = {
        name: told
        for name, told in before.items()
        if name not in now or told["version"] == now[name]["version"]
    }
    assert breaks(promised, now) == []
    lines = (f"{json.dumps(name)}: {json.dumps(told)}" for name, told in now.items())
    write(pytestconfig, COMMITTED, "{\n" + ",\n".join(lines) + "\n}\n")


def test_wh_11_the_page_about_events_lists_every_type(pytestconfig: pytest.Config) -> None:
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    write(pytestconfig, PAGE, head + BEGIN + table() + END + tail)


def write(config: pytest.Config, file: Path, text: str) -> None:
    """Compare a file, or write it anew with --write-docs."""
    if config.getoption("--write-docs"):
        file.write_text(text)
    assert file.read_text() == text, "pytest tests/webhooks --write-docs writes it anew"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda s: s["schema"]["properties"]["data"]["properties"].pop("ocid"), "ocid is gone"),
        (lambda s: s["schema"]["properties"]["data"]["required"].pop(), "lacks status_details"),
        (lambda s: s["schema"]["properties"]["id"].update(type="integer"), "was string"),
        (lambda s: s["schema"]["$defs"]["TenderStatus"]["enum"].pop(), "enum lacks"),
        (lambda s: s["schema"]["properties"]["data"]["properties"].update(new={}), None),
        (lambda s: s["schema"]["$defs"]["TenderStatus"]["enum"].append("new"), None),
        (lambda s: s["schema"].update(description="Other words."), None),
    ],
)
def test_wh_11_a_break_is_seen_and_an_addition_is_none(change: Any, fault: str | None) -> None:
    before, now = form("tender.published"), form("tender.published")
    change(now)
    found = breaks(before, now)
    assert (found == []) is (fault is None)
    assert fault is None or fault in found[0]


def test_wh_11_every_example_has_the_form_of_its_type_and_another_form_is_refused() -> None:
    for name, kind in TYPES.items():
        shown = json.loads(json.dumps(envelopes.example(kind)))
        assert emitted.judge(name).is_valid(shown), name
        for wrong in (
            {**shown, "type": "other.happened"},
            {**shown, "data": {**shown["data"], "price": 1}},
            {each: value for each, value in shown.items() if each != "resource"},
            {**shown, "resource": {**shown["resource"], "sequence": 0}},
        ):
            assert not emitted.judge(name).is_valid(wrong), (name, wrong)
        assert json.loads(envelopes.test_body(kind))["test"] is True


def test_types_have_names_scopes_and_sizes_that_standard_webhooks_allows() -> None:
    for name, kind in TYPES.items():
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", name)
        assert kind.scope in SCOPES
        assert len(envelopes.test_body(kind)) < 20_000
    assert not INTERNAL & TYPES.keys()
    assert HANDLERS.keys() <= TYPES.keys() | INTERNAL


def test_wh_10_a_filter_means_a_type_or_all_that_begin_with_a_prefix() -> None:
    assert catalogue.matches("bid.*", "bid.opened")
    assert not catalogue.matches("bid.*", "bidder.opened")
    assert not catalogue.matches("bid", "bid.opened")
    assert not catalogue.matches("*", "bid.opened")
    for role in OrgRole:
        visible = catalogue.visible_types(scopes_of([role]), [role])
        assert {each.scope for each in visible.values()} <= {*scopes_of([role])}
        assert catalogue.chosen([], visible, pointer="#/types") == visible.keys()


def test_wh_11_the_catalogue_is_served_with_schema_and_example(as_org: Any, client: Any) -> None:
    actor = as_org(["auditor"])
    listed = actor.get("/v1/event-types").json()["items"]
    assert [each["name"] for each in listed] == [*TYPES]

    shown = actor.get("/v1/event-types/award.approved").json()

    assert listed[[*TYPES].index("award.approved")].items() <= shown.items()
    assert Draft202012Validator(shown["json_schema"]).is_valid(shown["example"])
    assert actor.get("/v1/event-types/award.sold").status_code == 404
    assert client.get("/v1/event-types").status_code == 401


def test_wh_11_openapi_describes_every_type_as_a_webhook() -> None:
    document = json.loads(DOCUMENT.read_text())
    assert document["openapi"].startswith("3.1")
    assert document["webhooks"].keys() == TYPES.keys()
    for name, kind in TYPES.items():
        content = document["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
        assert content["schema"]["allOf"][1]["properties"]["type"] == {"const": name}
        assert kind.data.__name__ in document["components"]["schemas"]
        assert content["example"] == json.loads(json.dumps(envelopes.example(kind)))


def test_wh_10_an_event_is_on_the_channels_of_all_that_it_names_though_it_may_be_null() -> None:
    kind, contract, basis = TYPES["contract.signed"], uuid4(), uuid4()
    for named, prefix in (("tender_id", "tender"), ("order_id", "purchaseorder")):
        told = {"tender_id": None, "status": "active", named: basis.hex}
        data = kind.data.model_validate(told)
        assert [*envelopes.channels(kind, contract, data)] == [
            ids.show("contract", contract),
            ids.show(prefix, basis),
        ]
    fields = {field for field, _ in references(TYPES["delivery.late"].data)}
    assert fields == {"tender_id", "order_id", "contract_id", "schedule_row_id"}
