"""Recipes for each kind of client, each a page of docs/recipes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.audit import log
from api.core import db, ids
from tests.identity.people import PASSWORD, Somebody
from tests.procurement import bidding, samples
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


def test_a_supplier_bids_sealed(
    page: Begin,
    as_org: AsOrg,
    drain: Callable[[], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    made = bidding.published(as_org, buyer)
    drain()
    signed_head()
    at, me = f"/v1/tenders/{made.id}", ids.show("organisation", supplier.org_id)
    told = page("supplier-bids-sealed", "A supplier bids sealed", INTRODUCTION, RECIPES)

    told.say(
        "## The key of the tender\n\nA bid is sealed on your own machine to the key that the tender"
        " names; any two of its four holders, together and after the deadline, open it, and this"
        " service holds no share. `document` is what the ceremony wrote: save it as"
        " `tender-key.json`."
    )
    (key,) = told.call("supplier", supplier, "GET", f"{at}/bidding", expect=200).json()["keys"]
    saved("tender-key.json", key["document"])
    told.say(
        "Everybody is told the same, without credentials: compare the `fingerprint` over another"
        " line, or ask the buyer for it."
    )
    url = f"/public/tenders/{made.tender['ocid']}/bidding"
    public = told.call("public", supplier.client, "GET", url, expect=200).json()
    assert public["keys"][0]["fingerprint"] == key["fingerprint"]

    told.say(
        "## Documents beside the bid\n\nDrawings and certificates are sealed one by one, each with"
        " a key of its own, and sent before the bid that names them. What `--keep` wrote is that"
        " key: it goes into the content of the bid, and to nobody else."
    )
    Path("drawing.pdf").write_bytes(b"%PDF-1.7 the desk from four sides")
    told.run(
        *("bid", "seal-document", "drawing.pdf", "--title", "Чертёж", "--id", "drawing"),
        *("--out", "drawing.age", "--keep", "drawing.json"),
    )
    told.call(
        "supplier",
        supplier,
        "POST",
        f"{at}/sealed-documents?envelope=price&id=drawing",
        headers={"Content-Type": "application/octet-stream"},
        content=Path("drawing.age").read_bytes(),
        expect=201,
    )

    told.say(
        "## The bid\n\nIts content is an object of `GET /public/schemas/bid-content`; amounts are"
        " strings. `--fingerprint` refuses another key than the one you compared. The command needs"
        " no network; `kept.json` is what is in the envelope, for you alone."
    )
    documents = [json.loads(Path("drawing.json").read_bytes())]
    saved("content.json", bidding.content(made.tender, documents=documents))
    told.paper("content.json")
    sealed = ("bid", "seal", "content.json", "tender-key.json", "--tenderer", me, "--id", "price")
    told.run(
        *sealed,
        *("--fingerprint", key["fingerprint"], "--out", "sealed.json", "--keep", "kept.json"),
    )
    told.say(
        "What is sent holds no price: a commitment, a size that is a power of two, an age file."
    )
    answer = told.call(
        "supplier",
        supplier,
        "POST",
        f"{at}/bids",
        json={"envelopes": [envelope("sealed.json", 1)]},
        expect=201,
    )
    bid = answer.json()
    told.say(
        "## The receipt\n\nThe service signs what it received and when, by the clock that decides"
        " what is late. Save it as `receipt.json` and hold it against what you kept."
    )
    saved("receipt.json", bid["receipts"][0])
    keys = told.call("public", supplier.client, "GET", "/public/audit/keys", expect=200).json()
    receipt = ("bid", "verify-receipt", "receipt.json", "--document", "kept.json")
    own = keys["items"][0]["public_key"]
    told.run(*receipt, "--sealed", "sealed.json", "--public-key", own)
    told.say("Until the opening nobody else learns that there is a bid; the buyer does not either.")
    told.call("buyer", buyer, "GET", f"/v1/bids/{bid['id']}", expect=404)

    told.say(
        "## A better price\n\nUntil the deadline a bid is replaced by an envelope of the same name"
        " and a higher version. What was replaced stays closed for good."
    )
    saved("content.json", bidding.content(made.tender, "9700.00", documents=documents))
    told.run(*sealed, "--version", "2", "--out", "sealed-2.json", "--keep", "kept-2.json")
    told.call(
        "supplier",
        supplier,
        "POST",
        f"/v1/bids/{bid['id']}/replace",
        headers={"If-Match": answer.headers["etag"]},
        json={"envelopes": [envelope("sealed-2.json", 2)]},
        expect=200,
    )
    told.say("The receipt of the first envelope is not one of the second.")
    told.run(*receipt, "--sealed", "sealed-2.json", "--public-key", own, exit_code=1)
    told.finish()


def envelope(name: str, version: int) -> dict[str, Any]:
    """A sealed file of the present folder, as a bid holds it."""
    sealed = json.loads(Path(name).read_bytes())
    return {
        "kind": "price",
        "id": "price",
        "version": version,
        "sealed": sealed,
        "documents": ["drawing"],
    }


def signed_head() -> None:
    """What the service does every hour."""
    with db.worker_unit_of_work() as session:
        assert log.sign_now(session) is not None
