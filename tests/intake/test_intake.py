import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, select

from api.core import db, encryption, ids, settings
from api.core.jobs import Job
from api.delivery.models import TrackingEvent
from api.intake import providers
from api.intake import service as intake
from api.intake.models import IntakeMessage, IntakeSource
from api.intake.providers import Provider, id_in_json
from api.intake.schemes import SharedSecret, StripeSignature
from api.rules.permissions import STAFF
from tests.contracts.test_downgrade import migrate
from tests.delivery import tracking
from tests.delivery.tracking import Case
from tests.intake import signing
from tests.intake.signing import WHPK, WHSEC
from workers import housekeeper
from workers.app import app as celery

type AsOrg = Callable[..., Any]


class Worked:
    """A provider's work that remembers, and fails for as long as it is told to."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.broken = False

    def __call__(
        self, session: Session, job: Job, source: IntakeSource, message: IntakeMessage
    ) -> bool:
        if self.broken:
            raise LookupError("no such payment")
        self.bodies.append(intake.content(message))
        return True


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worked]:
    """A payment service and a bank, as a feature would register them."""
    work = Worked()
    monkeypatch.setattr(providers, "_providers", dict(providers._providers))
    payments = Provider(
        "payments", {"stripe": StripeSignature()}, work, roles=STAFF, external_id=id_in_json
    )
    bank = Provider("bank", {"shared_secret": SharedSecret("X-Bank-Token")}, work)
    providers.register(payments, bank)
    return work


def connected(by: Any, provider: str, secret: str, **more: Any) -> Any:
    body = {"name": f"Our {provider}", "provider": provider, "secret": secret, **more}
    answer = by.post("/v1/intake-sources", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def rows(session: Session, model: Any) -> list[Any]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model).order_by(model.id)).all()]


def once(session: Session) -> None:
    """One try of each job that is due or not, whatever comes of it."""
    open_jobs = select(Job.id).where(Job.done_at == None, Job.failed_at == None)
    for job_id in session.exec(open_jobs).all():
        celery.tasks[intake.TASK].run(job_id.hex)
    session.rollback()


def test_a_partner_tells_events_signed_by_standard_webhooks_of_either_kind(
    case: Case, client: Any, session: Session, drain: Callable[[], int]
) -> None:
    for number, (secret, key) in enumerate([(WHSEC, signing.KEY), (WHPK, None)]):
        source = connected(case.supplier, "partner", secret, name=f"Partner {number}")
        event = {**tracking.event(f"e{number}", "departed", -1), "shipment_id": case.id}
        data = {"events": [event, {"event_id": "x"}]}
        body = json.dumps({"type": "tracking.events", "timestamp": "…", "data": data}).encode()
        headers = signing.standard(body, f"msg_{number}", key=key)
        first = client.post(source["webhook_path"], content=body, headers=headers)
        again = signing.standard(body, f"msg_{number}", at=time.time() + 9, key=key)
        second = client.post(source["webhook_path"], content=body, headers=again)
        assert (first.status_code, first.json()["duplicate"]) == (200, False)
        assert second.json() == {**first.json(), "duplicate": True}
        drain()
        shown = case.supplier.get(f"/v1/intake-messages/{first.json()['message_id']}").json()
        assert (shown["state"], shown["attempts"], shown["last_error"]) == ("worked", 1, None)
        assert (shown["external_id"], shown["headers"]["webhook-id"]) == (f"msg_{number}",) * 2
        job = case.supplier.get(f"/v1/jobs/{shown['job_id']}").json()
        assert job["result"] == {"created": 1, "duplicate": 0, "rejected": 1}
    assert [row.event_id for row in rows(session, TrackingEvent)] == ["e0", "e1"]


def test_what_is_wrongly_signed_or_too_old_or_too_new_is_kept_nowhere(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    source = connected(as_org(["supplier"]), "partner", WHSEC)
    body = b'{"type": "tracking.events"}'
    for headers in (
        signing.standard(body + b" "),
        signing.standard(body, at=time.time() - 310),
        signing.standard(body, at=time.time() + 310),
        signing.standard(body, key=None),
        {},
    ):
        answer = client.post(source["webhook_path"], content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_wrong")
    assert rows(session, IntakeMessage) == []


def test_two_secrets_are_valid_while_they_overlap(
    as_org: AsOrg, client: Any, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    supplier = as_org(["supplier"])
    source = connected(supplier, "partner", WHSEC)
    newer = b"another key of 24 bytes."
    url = f"/v1/intake-sources/{source['id']}"
    secret = f"whsec_{base64.b64encode(newer).decode()}"
    changed = supplier.patch(url, json={"secret": secret, "overlap_hours": 1})
    assert changed.json()["previous_secret_until"] is not None
    assert signing.WHSEC not in changed.text

    def status(id: str, key: bytes) -> int:
        headers = signing.standard(b"{}", id, key=key)
        code: int = client.post(source["webhook_path"], content=b"{}", headers=headers).status_code
        return code

    assert [status("a", signing.KEY), status("b", newer)] == [200, 200]
    assert [row.verified_by for row in rows(session, IntakeMessage)] == [
        "previous_secret",
        "secret",
    ]
    superuser.execute("UPDATE intake_source SET previous_secret_until = now() - interval '1 s'")
    assert [status("c", signing.KEY), status("d", newer)] == [401, 200]
    assert supplier.patch(url, json={"secret": signing.WHSEC, "overlap_hours": 0}).is_success
    assert [status("e", newer), status("f", signing.KEY)] == [401, 200]


def test_a_payment_service_and_a_bank_are_one_registration_each(
    worked: Worked, as_org: AsOrg, client: TestClient, session: Session, drain: Callable[[], int]
) -> None:
    operator = as_org(["operator"])
    paid = connected(operator, "payments", "whsec_of_stripe")
    body = b'{"id": "evt_1", "type": "charge.succeeded"}'
    for expected in (False, True):
        headers = signing.stripe(body, "whsec_of_stripe")
        answer = client.post(paid["webhook_path"], content=body, headers=headers)
        assert (answer.status_code, answer.json()["duplicate"]) == (200, expected)
    nobody = {"name": "x", "provider": "payments", "secret": "whsec_of_stripe"}
    refused = as_org(["supplier"]).post("/v1/intake-sources", json=nobody)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "provider_unknown")

    bank = {"name": "Bank", "provider": "bank", "secret": "a shared secret"}
    refused = operator.post("/v1/intake-sources", json=bank)
    assert refused.json()["errors"][0]["pointer"] == "#/allowed_cidrs"
    from_bank = connected(operator, **{**bank, "allowed_cidrs": ["192.0.2.0/28", "2001:db8::/64"]})
    token = {"X-Bank-Token": "a shared secret"}
    for address, code in (("192.0.2.16", 403), ("192.0.2.15", 200), ("::ffff:192.0.2.9", 200)):
        with_address = TestClient(client.app, client=(address, 1))
        answer = with_address.post(
            from_bank["webhook_path"], content=address.encode(), headers=token
        )
        assert answer.status_code == code, address
    wrong = {"X-Bank-Token": "another secret"}
    inside = TestClient(client.app, client=("192.0.2.1", 1))
    assert inside.post(from_bank["webhook_path"], content=b"", headers=wrong).status_code == 401
    drain()
    assert worked.bodies == [body, b"192.0.2.15", b"::ffff:192.0.2.9"]
    assert all("a shared secret" not in str(row.headers) for row in rows(session, IntakeMessage))


def test_a_message_that_fails_is_kept_shown_and_replayed(
    worked: Worked,
    as_org: AsOrg,
    client: Any,
    session: Session,
    drain: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator, stranger = as_org(["operator"]), as_org(["supplier"])
    source = connected(operator, "payments", "whsec_of_stripe")

    def sent(body: bytes) -> str:
        headers = signing.stripe(body, "whsec_of_stripe")
        kept = client.post(source["webhook_path"], content=body, headers=headers)
        return f"/v1/intake-messages/{kept.json()['message_id']}"

    worked.broken = True
    monkeypatch.setattr(settings.get(), "job_max_attempts", 1)
    url, other = sent(b'{"id": "evt_1"}'), sent(b"not even JSON")
    assert operator.get(url).json()["state"] == "received"
    early = operator.post(f"{url}/replay")
    assert (early.status_code, early.json()["code"]) == (409, "message_not_worked")
    once(session)
    shown = operator.get(url).json()
    assert (shown["state"], shown["attempts"]) == ("failed", 1)
    assert shown["last_error"] == "LookupError: no such payment"
    assert operator.get(f"{url}/body").content == b'{"id": "evt_1"}'
    for path in (url, f"{url}/body"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"{url}/replay").status_code == 404
    assert stranger.get("/v1/intake-messages").json()["items"] == []

    worked.broken = False
    assert operator.post(f"{url}/replay").status_code == 202
    drain()
    assert operator.get(url).json()["state"] == "worked"
    failed = operator.get("/v1/intake-messages", params={"state": "failed"}).json()["items"]
    assert [f"/v1/intake-messages/{each['id']}" for each in failed] == [other]
    all_failed = operator.post(f"/v1/intake-sources/{source['id']}/replay-failed")
    assert all_failed.json() == {"replayed": 1, "has_more": False}
    drain()
    listed = operator.get("/v1/intake-messages", params={"source_id": source["id"], "limit": 1})
    assert (listed.json()["has_more"], listed.json()["items"][0]["state"]) == (True, "worked")
    assert worked.bodies == [b'{"id": "evt_1"}', b"not even JSON"]


def test_a_message_of_a_provider_that_nobody_works_waits_for_one(
    worked: Worked, as_org: AsOrg, client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = as_org(["operator"])
    source = connected(operator, "payments", "whsec_of_stripe")
    headers = signing.stripe(b"{}", "whsec_of_stripe")
    client.post(source["webhook_path"], content=b"{}", headers=headers)
    provider = providers._providers.pop("payments")
    once(session)
    (job,) = rows(session, Job)
    assert (job.last_error, job.done_at) == ("ProviderGone: payments", None)
    providers.register(provider)
    with db.worker_unit_of_work() as unit:
        unit.get_one(Job, job.id).run_at = db.now(unit)
    once(session)
    assert worked.bodies == [b"{}"]


def test_what_was_sent_is_altered_by_nobody(
    worked: Worked, as_org: AsOrg, client: Any, session: Session
) -> None:
    operator = as_org(["operator"])
    source = connected(operator, "payments", "whsec_of_stripe")
    headers = signing.stripe(b"{}", "whsec_of_stripe")
    client.post(source["webhook_path"], content=b"{}", headers=headers)
    for role in ("worker", "app", "owner"):
        for act in ("UPDATE intake_message SET body = ''", "DELETE FROM intake_message"):
            with db.engine(role).connect() as connection, pytest.raises(ProgrammingError):
                connection.execute(text(act))
    assert [row.body for row in rows(session, IntakeMessage)] == [b"{}"]


def test_job_09_bytes_of_messages_worked_long_ago_are_deleted_and_their_hash_stays(
    worked: Worked, as_org: AsOrg, client: Any, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    operator = as_org(["operator"])
    source = connected(operator, "payments", "whsec_of_stripe")

    def sent(body: bytes) -> str:
        headers = signing.stripe(body, "whsec_of_stripe")
        kept = client.post(source["webhook_path"], content=body, headers=headers)
        return f"/v1/intake-messages/{kept.json()['message_id']}"

    old, recent = sent(b'{"id": "evt_1"}'), sent(b'{"id": "evt_2"}')
    once(session)
    waiting = sent(b'{"id": "evt_3"}')
    before = operator.get(old).json()
    assert before["content_kept"] is True
    days = settings.get().intake_content_days
    superuser.execute(
        "UPDATE intake_message SET received_at = received_at - make_interval(days => %s),"
        " worked_at = worked_at - make_interval(days => CASE external_id WHEN 'evt_2' THEN 1"
        " ELSE %s END)",
        (days + 1, days + 1),
    )

    assert housekeeper.tidy() == 1
    assert housekeeper.tidy() == 0

    after = operator.get(old).json()
    assert after["sha256"] == before["sha256"]
    assert (after["size"], after["content_kept"]) == (0, False)
    for answer in (operator.get(f"{old}/body"), operator.post(f"{old}/replay")):
        assert (answer.status_code, answer.json()["code"]) == (410, "content_deleted")
    for each in (recent, waiting):
        assert operator.get(f"{each}/body").status_code == 200
    again = client.post(
        source["webhook_path"],
        content=b'{"id": "evt_1"}',
        headers=signing.stripe(b'{"id": "evt_1"}', "whsec_of_stripe"),
    )
    assert again.json()["duplicate"] is True


def test_sources_and_messages_of_tracking_go_back_and_come_forth_with_their_secrets(
    case: Case, client: Any, session: Session, drain: Callable[[], int]
) -> None:
    source = tracking.source(case.supplier, "track17", timezone="Asia/Shanghai")
    tracking.told(case.supplier, case, "own", "picked_up", -2)
    cleared = {"time_iso": tracking.at(-1), "sub_status": "InTransit_CustomsReleased"}
    assert tracking.post(client, source, tracking.track17(cleared)).status_code == 200
    drain()
    before = [row.model_dump() for row in rows(session, IntakeMessage)]
    session.close()
    with db.engine("owner").connect() as connection:
        script = ScriptDirectory("migrations")
        below = script.get_revision("0040").down_revision
        migrate(connection, lambda script, now: script._downgrade_revs(below, now))
        connection.exec_driver_sql("ALTER TABLE tracking_source NO FORCE ROW LEVEL SECURITY")
        kinds = connection.exec_driver_sql("SELECT kind FROM tracking_source ORDER BY 1").all()
        connection.exec_driver_sql("ALTER TABLE tracking_source FORCE ROW LEVEL SECURITY")
        migrate(connection, lambda script, now: script._upgrade_revs("head", now))
        for table in ("intake_source", "intake_message"):
            connection.exec_driver_sql(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        with Session(connection, join_transaction_mode="create_savepoint") as moved:
            found = moved.get_one(IntakeSource, ids.parse("trackingsource", source["id"]))
            assert encryption.unlock(found.secret or b"", found.id) == tracking.SECRET
            assert (found.scheme, found.settings["timezone"]) == ("track17", "Asia/Shanghai")
            after = [row.model_dump() for row in moved.exec(select(IntakeMessage)).all()]
        connection.rollback()
    assert [kind for (kind,) in kinds] == ["api", "track17"]
    assert all(row["worked_at"] for row in after)
    lost = {"headers", "worked_at"}
    assert [{k: v for k, v in row.items() if k not in lost} for row in after] == [
        {k: v for k, v in row.items() if k not in lost} for row in before
    ]
