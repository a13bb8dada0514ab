from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, func, select
from stdnum.cn import uscc

from api.identity.models import Organisation
from tests.catalog.samples import offer

type AsOrg = Callable[..., Any]

USCC = "91330782MA28C0F01" + uscc.calc_check_digit("91330782MA28C0F01")


def supplier(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "roles": ["supplier"],
        "legal_name": {"zh": "义乌市恒达文具有限公司", "en": "Yiwu Hengda Stationery"},
        "identifier": {"scheme": "CN-USCC", "id": USCC},
        "languages": ["zh", "en"],
    }
    return {**body, **changes}


def count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Organisation)).one()


def test_the_operator_enters_a_supplier_and_gives_it_a_key(as_org: AsOrg, client: Any) -> None:
    operator = as_org(["operator"])

    made = operator.post("/v1/organisations", json=supplier())
    assert made.status_code == 201, made.text
    assert made.json()["country"] == "CN"
    assert made.json()["status"] == "submitted"
    url = f"/v1/organisations/{made.json()['id']}"
    key = operator.post(f"{url}/clients", json={"name": "first", "scopes": ["organisation:read"]})

    me = client.get(
        "/v1/organisations/me", headers={"Authorization": f"Bearer {key.json()['secret']}"}
    )
    assert me.json()["id"] == made.json()["id"]
    assert operator.post(f"{url}/verify", json={"level": 2}).json()["verification_level"] == 2


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"identifier": {"scheme": "CN-USCC", "id": USCC[:-1] + "?"}}, "#/identifier"),
        ({"identifier": {"scheme": "KG-INN", "id": "123"}}, "#/identifier"),
        ({"legal_name": {"fr": "Nom"}}, "#/legal_name/fr"),
        ({"legal_name": {}}, "#/legal_name"),
        ({"roles": ["king"]}, "#/roles/0"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_created(
    as_org: AsOrg, session: Session, changes: dict[str, Any], pointer: str
) -> None:
    operator = as_org(["operator"])

    refused = operator.post("/v1/organisations", json=supplier(**changes))

    assert refused.status_code == 422, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert [e["pointer"] for e in refused.json()["errors"]] == [pointer]
    assert count(session) == 1


def test_the_same_register_number_is_entered_once(as_org: AsOrg, session: Session) -> None:
    operator = as_org(["operator"])
    operator.post("/v1/organisations", json=supplier())

    again = operator.post("/v1/organisations", json=supplier())

    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert count(session) == 2


def test_only_the_operator_enters_organisations(as_org: AsOrg, session: Session) -> None:
    refused = as_org(["buyer"]).post("/v1/organisations", json=supplier())

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert count(session) == 1


def test_a_suspended_organisation_does_nothing_new_at_once(as_org: AsOrg) -> None:
    operator, seller = as_org(["operator"]), as_org(["supplier"])
    url = f"/v1/organisations/organisation_{seller.org_id.hex}"

    assert operator.post(f"{url}/suspend", json={"reason": "forged"}).status_code == 200

    assert seller.get("/v1/organisations/me").json()["status"] == "suspended"
    assert seller.post("/v1/offers", json=offer()).json()["code"] == "organisation_not_active"
    assert operator.post(f"{url}/suspend", json={"reason": "twice"}).status_code == 409
    assert operator.post(f"{url}/reinstate", json={"reason": "appeal"}).status_code == 200
    assert seller.post("/v1/offers", json=offer()).status_code == 201


def test_members_are_seen_only_by_their_own_organisation(as_org: AsOrg) -> None:
    buyer, other = as_org(["buyer"]), as_org(["buyer"])
    member = {"name": "Айгүл", "email": "aigul@example.kg", "role": "procurement_officer"}

    assert buyer.post("/v1/members", json=member).status_code == 201
    assert buyer.post("/v1/members", json=member).json()["code"] == "already_exists"

    assert [m["email"] for m in buyer.get("/v1/members").json()["items"]] == ["aigul@example.kg"]
    assert other.get("/v1/members").json()["items"] == []


def test_lists_are_pages_whose_cursor_is_bound_to_the_caller(as_org: AsOrg) -> None:
    actors = [as_org(["supplier"]) for _ in range(5)]

    first = actors[0].get("/v1/organisations?limit=3").json()
    second = actors[0].get(f"/v1/organisations?limit=3&cursor={first['next_cursor']}").json()
    stolen = actors[1].get(f"/v1/organisations?limit=3&cursor={first['next_cursor']}")

    ids = [row["id"] for row in first["items"] + second["items"]]
    assert len(set(ids)) == 5
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert (stolen.status_code, stolen.json()["code"]) == (400, "invalid_cursor")
