"""The audit trail of a tender, as an outsider checks it."""

import hashlib
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import rfc8785
from sqlmodel import Session

from api.core import db
from api.identity import service as identity
from api.identity.schemas import ClientIn
from tests.procurement import samples

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def entries(actor: Any, made: Any) -> list[dict[str, Any]]:
    """Every entry, page by page."""
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = actor.get(f"/v1/tenders/{made['id']}/audit", params=params).json()
        found += page["items"]
        if not page["has_more"]:
            return found
        params["cursor"] = page["next_cursor"]


def follows(found: list[dict[str, Any]]) -> bool:
    """The check that the API describes, made from its answer alone."""
    prev = "0" * 64
    for entry in found:
        content = {k: v for k, v in entry.items() if k not in ("hash", "prev_hash")}
        digest = hashlib.sha256(prev.encode() + rfc8785.dumps(content)).hexdigest()
        if (entry["prev_hash"], entry["hash"]) != (prev, digest):
            return False
        prev = entry["hash"]
    return True


def lived(buyer: Any) -> Any:
    """A tender that was edited, published, amended and cancelled."""
    made = samples.drafted(buyer, value={"amount": "7777777", "currency": "KGS"})
    url = f"/v1/tenders/{made['id']}"
    buyer.patch(url, json={"title": {"ru": "Мебель", "ky": "Эмерек"}, "value": None})
    buyer.post(f"{url}/publish")
    buyer.post(
        f"{url}/amend",
        json={"rationale": "Уточнение", "title": {"ru": "Стулья", "ky": "Отургучтар"}},
    )
    buyer.post(f"{url}/cancel", json={"reason": "Нет средств"})
    return made


def test_anybody_can_recompute_the_trail_of_a_published_tender(buyer: Any, as_org: AsOrg) -> None:
    made = lived(buyer)

    found = entries(as_org(["supplier"]), made)

    assert [e["action"] for e in found] == [
        "create",
        "update",
        "publish",
        "amend",
        "request_cancellation",
    ]
    assert [e["seq"] for e in found] == [1, 2, 3, 4, 5]
    assert follows(found)
    assert found[3]["change"]["rationale"] == "Уточнение"
    assert found[4]["change"]["reason"] == "Нет средств"


def test_publication_does_not_reveal_what_the_draft_once_said(buyer: Any, as_org: AsOrg) -> None:
    made = lived(buyer)

    assert "7777777" not in str(entries(as_org(["supplier"]), made))


def test_an_altered_entry_no_longer_follows(buyer: Any, superuser: psycopg.Connection[Any]) -> None:
    made = lived(buyer)
    superuser.execute("UPDATE audit_entry SET actor = 'nobody' WHERE action = 'publish'")

    assert not follows(entries(buyer, made))


def test_the_trail_of_a_draft_needs_the_right_to_audit(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer)
    with db.worker_unit_of_work() as work:
        _, key = identity.create_client(
            work,
            org_id=buyer.org_id,
            actor="test",
            data=ClientIn(name="reader", scopes=["tenders:read"]),
            grantable=["tenders:read"],
        )
    reader = type(buyer)(buyer.org_id, key, buyer.client)

    assert [e["action"] for e in entries(buyer, made)] == ["create"]
    assert reader.get(f"/v1/tenders/{made['id']}/audit").status_code == 403
    buyer.post(f"/v1/tenders/{made['id']}/publish")
    assert [e["action"] for e in entries(reader, made)] == ["create", "publish"]


def test_a_cursor_belongs_to_one_trail(buyer: Any) -> None:
    one, other = lived(buyer), lived(buyer)
    page = buyer.get(f"/v1/tenders/{one['id']}/audit", params={"limit": 1}).json()

    answer = buyer.get(f"/v1/tenders/{other['id']}/audit", params={"cursor": page["next_cursor"]})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
