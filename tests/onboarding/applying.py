"""An organisation that is to be verified, and the operator's two people."""

from typing import Any
from uuid import UUID

from api.core import ids
from tests.procurement.awarding import second_client

PDF = b"%PDF-1.7 evidence"
NAMES = {"zh": "义乌市恒达文具有限公司", "en": "Yiwu Hengda Wenju Co., Ltd."}
KINDS = ("registry_extract", "tax_registration")
"""What the first level asks of a supplier in Kyrgyzstan."""
UPLOAD = {"Content-Type": "application/octet-stream"}


def handed_in(owner: Any, kind: str = KINDS[0], body: bytes = b"", **said: Any) -> Any:
    """The answer to a document that the owner lays before the operator."""
    query = {
        "kind": kind,
        "name": "paper.pdf",
        "holder_name": "Organisation",
        "valid_from": "2026-11-01",
        **said,
    }
    body = body or PDF + kind.encode()
    return owner.post("/v1/evidence", params=query, content=body, headers=UPLOAD)


def accepted(operator: Any, owner: Any, kind: str = KINDS[0], **said: Any) -> dict[str, Any]:
    """A document that the operator has accepted."""
    made = handed_in(owner, kind, **said)
    assert made.status_code == 201, made.text
    answer = operator.post(f"/v1/evidence/{made.json()['id']}/accept", json={})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def registered(operator: Any, owner: Any, **said: Any) -> list[dict[str, Any]]:
    """Everything that the first level asks for, accepted."""
    return [
        accepted(operator, owner, kind, body=PDF + kind.encode() + repr(said).encode(), **said)
        for kind in KINDS
    ]


def url(owner: Any) -> str:
    """Where the owner's organisation is."""
    return f"/v1/organisations/{ids.show('organisation', owner.org_id)}"


def application(owner: Any) -> dict[str, Any]:
    """What the owner is told of its application."""
    found: dict[str, Any] = owner.get(f"{url(owner)}/application").json()
    return found


def uuid(row: dict[str, Any], prefix: str) -> UUID:
    """The id of a row of an answer."""
    return ids.parse(prefix, row["id"])


__all__ = ["second_client"]
