"""`expand[]`, `fields`, conditional reads, `Link`, versions and keys that must be given."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, func, select

from api.core.audit import AuditEntry
from api.identity.access import UnitRoute
from api.main import create_app
from tests.catalog import samples as catalog
from tests.conftest import Actor
from tests.procurement import bidding, samples

type AsOrg = Callable[..., Any]
ROUTES = [route for route in create_app().routes if isinstance(route, UnitRoute)]
CONSENTS = {"bids_join", "bids_leave", "commissions_declare", "payment_schedules_propose"}
"""A member consents, or declares, for itself, or something new is proposed beside what stands; that
changes no bid, no tender and no contract."""


def narrowed(actor: Actor, *scopes: str) -> Actor:
    """Another key of the organisation with only these scopes."""
    body = {"name": "narrow", "scopes": scopes}
    return Actor(actor.org_id, actor.post("/v1/clients", json=body).json()["secret"], actor.client)


def raw(actor: Actor, method: str, url: str, headers: dict[str, str], **kwargs: Any) -> Any:
    """A request with nothing but these headers."""
    sent = {"Authorization": f"Bearer {actor.key}", **headers}
    return actor.client.request(method, url, headers=sent, **kwargs)


def test_api_05_an_expansion_is_what_its_own_route_answers_and_needs_its_scope(
    as_org: AsOrg,
) -> None:
    buyer, stranger = as_org(["buyer"]), as_org(["supplier"])
    draft = samples.drafted(buyer)
    tender = samples.published(buyer)
    url = f"/v1/tenders/{tender['id']}"

    wanted = {"expand[]": ["buyer", "documents", "awards", "contracts", "award_terms", "metadata"]}
    full = buyer.get(url, params=wanted)
    assert full.status_code == 200, full.text
    expanded = full.json()["expanded"]
    assert expanded["buyer"] == buyer.get(f"/v1/organisations/{tender['buyer_id']}").json()
    assert expanded["awards"] == buyer.get(f"{url}/awards").json()
    assert expanded["contracts"] == {"items": [], "has_more": False, "next_cursor": None}
    assert expanded["award_terms"] is None or "lots" in expanded["award_terms"]
    assert "etag" not in full.headers
    assert "expanded" not in buyer.get(url).json()

    reader = narrowed(buyer, "tenders:read")
    assert reader.get(url, params={"expand[]": "documents"}).status_code == 200
    refused = reader.get(url, params={"expand[]": ["documents", "contracts"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "contracts:read" in refused.json()["detail"]
    hidden = stranger.get(f"/v1/tenders/{draft['id']}", params={"expand[]": "documents"})
    assert hidden.status_code == 404


def test_api_05_a_list_with_filters_of_its_own_is_expanded_and_narrowed_too(
    as_org: AsOrg,
) -> None:
    seller = as_org(["supplier"])
    catalog.activated(seller, sku="E-1")
    query = {"q": "", "status": "active", "expand[]": "supplier", "fields": "id"}
    answer = seller.get("/v1/offers", params=query)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    own = seller.get(f"/v1/organisations/organisation_{seller.org_id.hex}").json()
    assert (item.keys(), item["expanded"]) == ({"id", "expanded"}, {"supplier": own})
    assert seller.get("/v1/offers?colour=red").status_code == 422


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"expand[]": "bids"}, "unknown"),
        ({"expand[]": "buyer.buyer"}, "unknown"),
        ({"expand[]": "contracts.tender.awards.tender"}, "too_deep"),
        ({"expand[]": [f"a{n}" for n in range(11)]}, "too_many"),
        ({"fields": "id,secret"}, "unknown"),
    ],
)
def test_api_05_what_cannot_be_expanded_is_named(
    as_org: AsOrg, query: dict[str, Any], code: str
) -> None:
    buyer = as_org(["buyer"])
    samples.drafted(buyer)
    for url in ("/v1/tenders", f"/v1/tenders/{samples.drafted(buyer)['id']}"):
        answer = buyer.get(url, params=query)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), answer.text


def test_api_05_a_list_is_expanded_to_three_steps_within_a_bound_of_reads(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    for _ in range(35):
        samples.drafted(buyer)
    two = buyer.get("/v1/tenders", params={"limit": 2, "expand[]": ["buyer", "metadata"]}).json()
    assert [set(item["expanded"]) for item in two["items"]] == [{"buyer", "metadata"}] * 2
    deep = buyer.get("/v1/tenders?limit=1&expand[]=contracts.tender.buyer")
    assert deep.json()["items"][0]["expanded"]["contracts"]["items"] == []
    much = {"limit": 35, "expand[]": ["buyer", "metadata", "documents"]}
    answer = buyer.get("/v1/tenders", params=much)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_much")


def test_api_05_only_the_fields_that_were_asked_for_are_sent(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    tender = samples.drafted(buyer)
    url = f"/v1/tenders/{tender['id']}"
    one = buyer.get(url, params={"fields": "id, status"})
    assert one.json() == {"id": tender["id"], "status": "draft"}
    listed = buyer.get("/v1/tenders", params={"fields": "id", "expand[]": "buyer"}).json()
    assert listed["has_more"] is False
    assert [set(item) for item in listed["items"]] == [{"id", "expanded"}]


def test_api_04_the_next_page_is_a_link_and_a_cursor_fits_only_its_list(as_org: AsOrg) -> None:
    buyer, other = as_org(["buyer"]), as_org(["buyer"])
    ids = [samples.drafted(buyer)["id"] for _ in range(3)]
    first = buyer.get("/v1/tenders?limit=1&status=draft")
    assert first.headers["link"].endswith('>; rel="next"')
    seen, answer = [], first
    while True:
        seen += [item["id"] for item in answer.json()["items"]]
        if "link" not in answer.headers:
            break
        samples.drafted(buyer)  # newer: an insert moves no page
        answer = buyer.get(answer.headers["link"].partition(">")[0].removeprefix("<"))
    assert seen == ids[::-1]

    cursor = first.json()["next_cursor"]
    for actor, query in ((other, "status=draft"), (buyer, ""), (buyer, "status=complete")):
        refused = actor.get(f"/v1/tenders?limit=1&cursor={cursor}&{query}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor"), query
    for limit in (0, 101):
        assert buyer.get(f"/v1/tenders?limit={limit}").status_code == 422
    assert buyer.get("/v1/tenders?limit=100").status_code == 200


def test_api_06_who_has_the_version_already_is_told_304(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    url = f"/v1/tenders/{samples.drafted(buyer)['id']}"
    etag = buyer.get(url).headers["etag"]
    same = buyer.get(url, headers={"If-None-Match": f'"0", W/{etag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert buyer.get(url, headers={"If-None-Match": '"999"'}).status_code == 200
    expanded = buyer.get(url, params={"expand[]": "buyer"}, headers={"If-None-Match": etag})
    assert expanded.status_code == 200


def test_api_06_every_change_of_tenders_bids_and_contracts_names_its_version() -> None:
    """PUT, PATCH and verbs on one of them; to create something beneath it is no change of it."""
    open_ended = []
    for route in ROUTES:
        (method,) = route.methods or {""}
        if method not in ("PUT", "PATCH", "POST") or route.unique_id.endswith("_put_metadata"):
            continue
        parts = route.path_format.removeprefix("/v1/").split("/")
        of = parts[0] in ("tenders", "bids", "contracts", "awards") and len(parts) > 1
        changes = method != "POST" or (len(parts) == 3 and route.status_code in (None, 200))
        if of and changes and not (route.needs and route.needs.if_match):
            open_ended.append(route.unique_id)
    assert set(open_ended) == CONSENTS
    needing = [route for route in ROUTES if route.needs and route.needs.if_match]
    assert len(needing) >= 25
    document = create_app().openapi()["paths"]
    for route in needing:
        (method,) = route.methods or {""}
        operation = document[route.path_format][method.lower()]
        assert {"428", "412"} <= operation["responses"].keys(), route.unique_id
        (header,) = [p for p in operation["parameters"] if p["name"] == "if-match"]
        assert header["required"]


def test_api_06_without_a_version_it_is_428_with_an_old_one_412_and_nothing_changes(
    as_org: AsOrg, session: Session
) -> None:
    buyer, bidder = as_org(["buyer"]), as_org(["supplier"])
    tender = samples.drafted(buyer)
    taking = bidding.published(as_org, as_org(["buyer"]), holders=(), server=True)
    bid = bidding.submit(taking, bidder)
    session.rollback()
    before = session.exec(select(func.count()).select_from(AuditEntry)).one()

    for actor, url in (
        (buyer, f"/v1/tenders/{tender['id']}/publish"),
        (bidder, f"/v1/bids/{bid['id']}/withdraw"),
    ):
        key = {"Idempotency-Key": "k"}
        absent = raw(actor, "POST", url, key)
        assert (absent.status_code, absent.json()["code"]) == (428, "precondition_required")
        stale = raw(actor, "POST", url, {"If-Match": '"77"', **key})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    session.rollback()
    assert session.exec(select(func.count()).select_from(AuditEntry)).one() == before
    version = bidder.get(f"/v1/bids/{bid['id']}").headers["etag"]
    done = raw(
        bidder,
        "POST",
        f"/v1/bids/{bid['id']}/withdraw",
        {"If-Match": version, "Idempotency-Key": "k"},
    )
    assert done.status_code == 200, done.text


def test_api_16_a_search_finds_what_was_committed_and_its_filters_have_types(as_org: AsOrg) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    made = samples.published(
        buyer, title={"ru": "Термометры лабораторные", "ky": "Лабораториялык термометрлер"}
    )

    def found(word: str) -> list[str]:
        page = supplier.get("/v1/tenders", params={"q": word}).json()
        assert page.keys() == {"items", "has_more", "next_cursor"}, "no total that must be counted"
        return [each["id"] for each in page["items"]]

    assert found("термометры") == [made["id"]]
    assert found("барометры") == []
    for path, wrong in (
        ("/v1/tenders", {"status": "pending"}),
        ("/v1/tenders", {"buyer": made["id"]}),
        ("/v1/offers", {"max_moq": "few"}),
        ("/v1/offers", {"country": "Kyrgyzstan"}),
        ("/v1/offers", {"limit": 101}),
    ):
        answer = supplier.get(path, params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), wrong


def test_api_16_metadata_are_an_organisations_own_and_change_nothing_else(as_org: AsOrg) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    tender = samples.published(buyer)
    offer = catalog.activated(supplier, sku="M-1")
    url = f"/v1/tenders/{tender['id']}"
    etag = buyer.get(url).headers["etag"]

    assert buyer.get(f"{url}/metadata").json() == {}
    noted = buyer.request("PUT", f"{url}/metadata", json={"sap_po": "45", "склад": "Ош"})
    assert noted.json() == {"sap_po": "45", "склад": "Ош"}
    assert buyer.request("PUT", f"{url}/metadata", json={"sap_po": "46"}).json() == {"sap_po": "46"}
    assert supplier.get(f"{url}/metadata").json() == {}
    assert supplier.request("PUT", f"{url}/metadata", json={"ours": "1"}).status_code == 200
    expanded = buyer.get(url, params={"expand[]": "metadata"}).json()["expanded"]
    assert expanded == {"metadata": {"sap_po": "46"}}
    assert buyer.get(url).headers["etag"] == etag
    for path in (f"/v1/offers/{offer['id']}", f"/v1/products/{offer['product']['id']}"):
        assert supplier.request("PUT", f"{path}/metadata", json={"a": "b"}).json() == {"a": "b"}

    fifty = {f"k{n}": "x" * 500 for n in range(50)}
    assert buyer.request("PUT", f"{url}/metadata", json=fifty).status_code == 200
    for wrong in ({**fifty, "k50": ""}, {"k" * 41: "x"}, {"k": "x" * 501}, {"": "x"}, {"k": 1}):
        answer = buyer.request("PUT", f"{url}/metadata", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), wrong
    assert buyer.get(f"{url}/metadata").json() == fifty
    draft = f"/v1/tenders/{samples.drafted(buyer)['id']}/metadata"
    assert supplier.request("PUT", draft, json={"a": "b"}).status_code == 404
