import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import standardwebhooks
from sqlmodel import Session, select

from api.core import settings, standard_webhooks
from api.core.audit import AuditEntry
from api.rules.webhooks import SignatureScheme
from api.webhooks.models import WebhookEndpoint, WebhookSecret
from tests.core.test_outbound import SPELLINGS
from tests.procurement import samples
from tests.rules.test_outbound import BAD
from tests.webhooks.receiving import TYPE, Receiver, advance, deliver, endpoint, happen

URL = "/v1/webhook-endpoints"


def test_ssrf_01_an_endpoint_at_a_bad_address_is_refused_and_not_kept(
    buyer: Any, session: Session
) -> None:
    hosts = [f"[{each}]" if ":" in each else each for each in BAD]
    urls = [f"https://{host}/hook" for host in (*hosts, *SPELLINGS)]
    for url in (*urls, "http://example.com/", "https://a:b@example.com/", "https://example.com:22"):
        answer = buyer.post(URL, json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, "url_not_called"), url
        assert answer.json()["errors"][0]["pointer"] == "#/url"
        assert "127.0.0.1" not in answer.json()["detail"]
    assert session.exec(select(WebhookEndpoint)).all() == []
    made = endpoint(buyer, "https://hooks.example.kg/a")
    changed = buyer.patch(f"{URL}/{made['id']}", json={"url": "https://127.1/"})
    assert changed.status_code == 422
    assert buyer.get(f"{URL}/{made['id']}").json()["url"] == "https://hooks.example.kg/a"


def test_wh_04_both_keys_sign_during_the_grace_and_the_old_one_not_after_it(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    made = endpoint(buyer, receiver.url)
    other = endpoint(buyer, receiver.url, event_types=["endpoint.secret_rotated"])
    rotated = buyer.post(f"{URL}/{made['id']}/rotate-secret", json={"grace_hours": 24}).json()
    assert rotated["secret"] != made["secret"]
    deliver()
    (told,) = receiver.received
    standardwebhooks.Webhook(other["secret"]).verify(told.body, told.headers)
    assert json.loads(told.body)["data"] == {"grace_seconds": 86400}
    happen(buyer.org_id)
    deliver()
    got = receiver.received[-1]
    assert len(got.headers["webhook-signature"].split()) == 2
    for secret in (made["secret"], rotated["secret"]):
        standardwebhooks.Webhook(secret).verify(got.body, got.headers)
    advance(24.1)
    happen(buyer.org_id)
    deliver()
    got = receiver.received[-1]
    assert len(got.headers["webhook-signature"].split()) == 1
    standardwebhooks.Webhook(rotated["secret"]).verify(got.body, got.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(made["secret"]).verify(got.body, got.headers)
    # A key that leaked ends at once.
    last = buyer.post(f"{URL}/{made['id']}/rotate-secret", json={"grace_hours": 0}).json()
    happen(buyer.org_id)
    deliver()
    got = next(r for r in receiver.received[::-1] if b"secret_rotated" not in r.body)
    assert len(got.headers["webhook-signature"].split()) == 1
    standardwebhooks.Webhook(last["secret"]).verify(got.body, got.headers)
    for _ in range(13):
        assert buyer.post(f"{URL}/{made['id']}/rotate-secret", json={}).status_code == 201
    kept = session.exec(
        select(WebhookSecret).where(WebhookSecret.public_key.is_(None))  # type: ignore[union-attr]
    ).all()
    assert len([k for k in kept if f"endpoint_{k.endpoint_id.hex}" == made["id"]]) == 11


def test_wh_04_the_grace_is_a_day_unless_said_otherwise_and_a_week_at_most(
    buyer: Any, session: Session
) -> None:
    made = endpoint(buyer, "https://hooks.example.kg/a")
    url = f"{URL}/{made['id']}/rotate-secret"
    for hours in (-1, 169):
        refused = buyer.post(url, json={"grace_hours": hours})
        assert (refused.status_code, samples.pointers(refused)) == (422, ["#/grace_hours"])
    assert len(session.exec(select(WebhookSecret)).all()) == 1
    session.rollback()
    assert buyer.post(url, json={}).status_code == 201
    former, fresh = session.exec(select(WebhookSecret).order_by(WebhookSecret.id)).all()  # type: ignore[arg-type]
    assert former.expires_at is not None
    assert former.expires_at - fresh.created_at == pytest.approx(
        timedelta(hours=24), abs=timedelta(seconds=5)
    )
    assert fresh.expires_at is None


def test_wh_05_a_secret_is_shown_once_or_by_an_audited_read_and_stored_encrypted(
    buyer: Any, as_org: Callable[..., Any], session: Session
) -> None:
    made = endpoint(buyer, "https://hooks.example.kg/a")
    assert "secret" not in buyer.get(f"{URL}/{made['id']}").json()
    assert made["secret"] not in buyer.get(URL).text
    (stored_secret,) = session.exec(select(WebhookSecret)).all()
    assert made["secret"].removeprefix("whsec_") not in stored_secret.encrypted
    shown = buyer.get(f"{URL}/{made['id']}/secret")
    assert (shown.json()["secret"], shown.headers["cache-control"]) == (made["secret"], "no-store")
    session.rollback()
    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "reveal_secret")).all()
    assert [(e.stream, e.actor[:7]) for e in entries] == [
        (made["id"].replace("endpoint_", "webhook_endpoint:"), "client:")
    ]
    changes = json.dumps([e.change for e in session.exec(select(AuditEntry)).all()])
    assert made["secret"] not in changes
    weak = buyer.post(
        "/v1/clients", json={"name": "erp", "scopes": ["webhooks:read", "webhooks:write"]}
    ).json()
    headers = {"Authorization": f"Bearer {weak['secret']}"}
    url = f"{URL}/{made['id']}"
    assert buyer.client.get(url, headers=headers).status_code == 200
    assert buyer.client.get(f"{url}/secret", headers=headers).status_code == 403
    stranger = as_org(["buyer"])
    for path in (url, f"{url}/secret"):
        assert stranger.get(path).status_code == 404
    again = buyer.post(URL, json={"url": "https://a.example/"}, headers={"Idempotency-Key": "k"})
    repeated = buyer.post(URL, json={"url": "https://a.example/"}, headers={"Idempotency-Key": "k"})
    assert (again.status_code, repeated.json()["code"]) == (201, "secret_shown_once")


def test_wh_05_a_secret_survives_a_change_of_the_installations_key_and_no_other_row_opens_it(
    buyer: Any, receiver: Receiver, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = endpoint(buyer, receiver.url)
    other = endpoint(buyer, receiver.url, event_types=["offer.*"])
    before = settings.get()
    changed = before.model_copy(
        update={
            "secret_key": type(before.secret_key)("another secret of thirty-two characters"),
            "former_secret_keys": (before.secret_key,),
        }
    )
    with monkeypatch.context() as patch:
        patch.setattr(settings, "get", lambda: changed)
        happen(buyer.org_id)
        deliver()
        (got,) = receiver.received
        standardwebhooks.Webhook(made["secret"]).verify(got.body, got.headers)
        # Without the former key it is not sent, and others go on.
        lost = changed.model_copy(update={"former_secret_keys": ()})
        patch.setattr(settings, "get", lambda: lost)
        happen(buyer.org_id)
        deliver()
        assert len(receiver.received) == 1
    session.rollback()
    a, b = session.exec(select(WebhookSecret).order_by(WebhookSecret.id)).all()  # type: ignore[arg-type]
    a.encrypted, b.encrypted = b.encrypted, a.encrypted
    session.commit()
    assert buyer.get(f"{URL}/{made['id']}/secret").status_code == 500
    assert other["secret"] != made["secret"]


def test_wh_10_an_endpoint_gets_the_types_and_channels_it_asks_for_of_its_own_organisation(
    buyer: Any, as_org: Callable[..., Any], receiver: Receiver, session: Session
) -> None:
    refused = buyer.post(URL, json={"url": receiver.url, "event_types": ["tender.nonsense"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_event_type")
    assert TYPE in refused.json()["detail"]
    wanted = happen(buyer.org_id)
    channel = f"tender_{wanted.hex}"
    made = {
        "all": endpoint(buyer, receiver.url + "/all", event_types=[]),
        "prefix": endpoint(buyer, receiver.url + "/prefix", event_types=["tender.*"]),
        "exact": endpoint(buyer, receiver.url + "/exact", event_types=["tender.closed"]),
        "channel": endpoint(buyer, receiver.url + "/channel", channels=[channel]),
    }
    endpoint(as_org(["buyer"]), receiver.url + "/stranger", event_types=[])
    happen(buyer.org_id)
    deliver()
    paths = sorted(each.path.removeprefix("/hook") for each in receiver.received)
    assert paths == ["/all", "/all", "/channel", "/prefix", "/prefix"]
    assert made["exact"]["status"] == "enabled"


def test_wh_10_an_endpoint_gets_only_what_the_scopes_of_its_maker_may_read(
    buyer: Any, receiver: Receiver
) -> None:
    weak = buyer.post(
        "/v1/clients", json={"name": "erp", "scopes": ["webhooks:write", "webhooks:read"]}
    ).json()
    headers = {"Authorization": f"Bearer {weak['secret']}"}
    narrow = buyer.client.post(
        URL, json={"url": receiver.url, "event_types": ["tender.*"]}, headers=headers
    )
    assert (narrow.status_code, narrow.json()["code"]) == (422, "unknown_event_type")
    everything = buyer.client.post(URL, json={"url": receiver.url}, headers=headers)
    assert everything.status_code == 201
    happen(buyer.org_id)
    assert buyer.post(f"{URL}/{everything.json()['id']}/rotate-secret", json={}).status_code == 201
    deliver()
    types = [json.loads(each.body)["type"] for each in receiver.received]
    assert types == ["endpoint.secret_rotated"]


def test_wh_14_a_test_is_marked_sent_once_and_counts_for_nothing(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    receiver.answers = [(500, {}, b"")]
    made = endpoint(buyer, receiver.url)
    answer = buyer.post(f"{URL}/{made['id']}/test", json={"type": "contract.signed"})
    assert (answer.status_code, answer.json()["test"]) == (202, True)
    assert buyer.post(f"{URL}/{made['id']}/test", json={"type": "no.such"}).status_code == 422
    deliver()
    advance(1)
    deliver()
    (got,) = receiver.received
    standardwebhooks.Webhook(made["secret"]).verify(got.body, got.headers)
    told = json.loads(got.body)
    assert (told["type"], told["test"]) == ("contract.signed", True)
    assert got.headers["webhook-id"] == told["id"] == answer.json()["webhook_id"]
    found = buyer.get(f"{URL}/{made['id']}").json()
    assert (found["failures"], found["failing_since"]) == (0, None)


@pytest.mark.parametrize("scheme", SignatureScheme)
def test_wh_14_the_playground_says_whether_a_signature_verifies(
    buyer: Any, scheme: SignatureScheme
) -> None:
    key, body = standard_webhooks.new_key(scheme), '{"типи": "采购"}'
    signature = standard_webhooks.header([key.secret], "event_1", 1795834200, body.encode())
    sample = {
        "key": key.public_key or key.secret,
        "webhook_id": "event_1",
        "webhook_timestamp": 1795834200,
        "webhook_signature": f"v9,xx {signature} junk",
        "body": body,
    }
    good = buyer.post("/v1/webhook-signatures/verify", json=sample)
    assert good.status_code == 200, good.text
    assert good.json()["verifies"] is True
    bad = buyer.post("/v1/webhook-signatures/verify", json={**sample, "body": body + " "})
    assert bad.json()["verifies"] is False
    malformed = buyer.post("/v1/webhook-signatures/verify", json={**sample, "key": "whsk_AAAA"})
    assert malformed.status_code == 422
