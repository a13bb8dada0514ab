"""Recipes for each kind of client, each a page of docs/recipes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.audit import log
from api.core import db
from tests.identity.people import PASSWORD, Somebody
from tests.procurement import samples
from tests.scenarios.recorder import Page
from tests.scenarios.steps import INTRODUCTION, AsOrg

type Begin = Callable[..., Page]
RECIPES = "recipes"
SMALL = {"amount": "900000", "currency": "KGS"}


def saved(name: str, content: Any) -> None:
    """A file in the present folder."""
    Path(name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def test_an_officer_publishes_a_tender(page: Begin, as_org: AsOrg) -> None:
    owner = as_org(["buyer"])
    client = owner.client
    told = page("officer-publishes", "An officer publishes a tender", INTRODUCTION, RECIPES)
    told.say(
        "## An account\n\nThe owner names the officer and sends the token of the invitation, which"
        " is shown once. The officer chooses a password; a second factor (`docs/login.md`) is"
        " needed for opening and award, and not yet here."
    )
    officer = {
        "name": "Айгүл Асанова",
        "email": "aigul@example.kg",
        "role": "procurement_officer",
    }
    member = told.call("owner", owner, "POST", "/v1/members", json=officer, expect=201).json()
    url = f"/v1/members/{member['id']}/invite"
    token = told.call("owner", owner, "POST", url, expect=201).json()["token"]
    told.alias(token, "<token>")
    told.alias(PASSWORD, "<password>")
    body = {"token": token, "password": PASSWORD}
    answer = told.call("officer", client, "POST", "/auth/join", json=body, expect=201)
    client.cookies.clear()
    person = Somebody(client, answer.json()["token"])

    told.say("## A draft\n\nOf money and quantities every digit counts: they are strings.")
    lots = [samples.lot(value=SMALL, items=[samples.item(quantity="60")])]
    draft = samples.tender(procedure="rfq", value=SMALL, lots=lots)
    made = told.call("officer", person, "POST", "/v1/tenders", json=draft, expect=201)
    at = f"/v1/tenders/{made.json()['id']}"
    told.say("A change names the version that it was made of, as `ETag` gave it.")
    told.call(
        "officer",
        person,
        "PATCH",
        at,
        headers={"If-Match": made.headers["etag"]},
        json={"title": {"ru": "Парты для школы № 12", "ky": "№ 12 мектеп үчүн парталар"}},
        expect=200,
    )
    told.say("Who still has the version before is told so, and has changed nothing.")
    stale = {"If-Match": made.headers["etag"]}
    told.call("officer", person, "POST", f"{at}/publish", headers=stale, expect=412)

    told.say(
        "## Publication\n\nWith a key of its own for the act, the request can be repeated until it"
        " is answered: it has one effect."
    )
    current = person.get(at).headers["etag"]
    headers = {"If-Match": current, "Idempotency-Key": "publish-school-12"}
    told.call("officer", person, "POST", f"{at}/publish", headers=headers, expect=200)
    again = told.call("officer", person, "POST", f"{at}/publish", headers=headers, expect=200)
    assert again.headers["Idempotent-Replayed"] == "true"
    told.finish()


def test_an_auditor_verifies_the_log(
    page: Begin, as_org: AsOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    buyer, auditor = as_org(["buyer"]), as_org(["auditor"])
    made = samples.drafted(buyer)
    signed_head()
    buyer.post(f"/v1/tenders/{made['id']}/publish")
    signed_head()
    stream = f"tender:{made['id'].removeprefix('tender_')}"
    told = page("auditor-verifies", "An auditor verifies the log", INTRODUCTION, RECIPES)
    told.alias(stream, "tender:…")
    public = auditor.client
    told.say(
        "## What everybody can keep\n\nEvery hour the service signs a head: the root over all"
        " entries until then. Keep one where nobody can exchange it, and the public key."
    )
    head = told.call("public", public, "GET", "/public/audit/heads/latest", expect=200).json()
    keys = told.call("public", public, "GET", "/public/audit/keys", expect=200).json()
    saved("head.json", head)
    saved("keys.json", keys)
    told.say(
        "A newer head begins with all that an older one holds: the hashes prove it"
        " (`docs/audit.md` says how)."
    )
    url = "/public/audit/consistency?older=1&newer=2"
    told.call("public", public, "GET", url, expect=200)
    told.say(
        "## The story of a tender\n\nThe export holds every entry of its stream, each with a proof"
        " that it is in the log of the head. Save it as `export.json`; nothing further needs the"
        " service."
    )
    url = f"/v1/audit/streams/{stream}/export"
    export = told.call("auditor", auditor, "GET", url, expect=200).json()
    saved("export.json", export)
    told.run("verify", "audit", "export.json", "--head", "head.json", "--key", "keys.json")
    told.say("Somebody alters who did it; the first entry that is wrong is named.")
    export["entries"][0]["content"]["actor"] = "nobody"
    saved("altered.json", export)
    told.run(
        *("verify", "audit", "altered.json", "--head", "head.json", "--key", "keys.json"),
        exit_code=1,
    )
    told.finish()


def signed_head() -> None:
    """What the service does every hour."""
    with db.worker_unit_of_work() as session:
        assert log.sign_now(session) is not None
