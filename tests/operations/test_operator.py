import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db, ids, jobs, metrics, settings
from api.core.audit import AuditEntry
from api.core.jobs import Job
from api.core.outbox import emit
from api.rules.webhooks import DisabledReason
from api.webhooks.models import WebhookEndpoint
from api.webhooks.service import endpoints
from tests.webhooks.receiving import endpoint, happen, relayed
from workers.app import app as celery

type AsOrg = Callable[..., Any]


def given_up(org_id: UUID | None = None, name: str = "delivery.rescore") -> str:
    """A job whose resource exists nowhere, after its last try."""
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, name, {"resource": "of another form"}, org_id=org_id)
        job_id = job.id
    celery.loader.import_default_modules()
    for _ in range(settings.get().job_max_attempts):
        with db.worker_unit_of_work() as unit:
            unit.get_one(Job, job_id).run_at = db.now(unit)
        celery.tasks[name].run(job_id.hex)
    return ids.show("job", job_id)


def cli(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments, env={"COLUMNS": "200"})


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "job_max_attempts", 1)


def test_job_07_a_job_that_fails_is_tried_to_its_limit_listed_as_dead_and_requeued(
    as_org: AsOrg, session: Session
) -> None:
    operator, supplier = as_org(["operator"]), as_org(["supplier"])
    job_id = given_up(supplier.org_id)
    (dead,) = operator.get("/v1/operations/jobs").json()["items"]
    assert (dead["id"], dead["status"], dead["attempts"]) == (
        job_id,
        "failed",
        settings.get().job_max_attempts,
    )
    assert dead["last_error"].startswith("TypeError: ")
    url = f"/v1/operations/jobs/{job_id}"
    assert operator.get(url).json() == dead
    for path in ("/v1/operations/jobs", url, "/v1/operations/outbox"):
        assert supplier.get(path).status_code == 403
    assert supplier.post(f"{url}/requeue").status_code == 403

    again = operator.post(f"{url}/requeue").json()
    assert (again["status"], again["attempts"]) == ("queued", 0)
    assert operator.get("/v1/operations/jobs").json()["items"] == []
    row = session.exec(select(Job)).one()
    row.args, row.name = {"resource_id": uuid4().hex}, "matching.forget_tender"
    session.commit()
    celery.tasks[row.name].run(row.id.hex)
    session.expire_all()
    assert session.exec(select(Job)).one().status == "succeeded"
    refused = operator.post(f"{url}/requeue")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_not_requeued")
    (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "requeue")).all()
    assert (entry.change["attempts"], entry.org_id) == (
        settings.get().job_max_attempts,
        supplier.org_id,
    )


def test_a_job_that_a_worker_holds_is_not_requeued(as_org: AsOrg, session: Session) -> None:
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "delivery.rescore", {})
    with db.worker_unit_of_work() as unit:
        assert jobs.claim(unit, job.id) is not None
    url = f"/v1/operations/jobs/{ids.show('job', job.id)}/requeue"
    assert as_org(["operator"]).post(url).status_code == 409
    assert session.get_one(Job, job.id).attempts == 1


@pytest.mark.usefixtures("one_try")
def test_dead_and_stuck_jobs_are_listed_shown_and_requeued_from_the_command_line(
    superuser: Any, session: Session
) -> None:
    first, _, other = given_up(), given_up(), given_up(name="delivery.rate_seller")
    assert first in cli("jobs", "list").stdout
    assert cli("jobs", "list", "--name", "delivery.rate_seller").stdout.count("job_") == 1
    shown = json.loads(cli("jobs", "show", other).stdout)
    assert (shown["name"], shown["args"]) == (
        "delivery.rate_seller",
        {"resource": "of another form"},
    )
    assert cli("jobs", "requeue", first).stdout == "Requeued 1 job.\n"
    assert cli("jobs", "requeue", "--failed").stdout == "Requeued 2 jobs.\n"
    assert "job_" not in cli("jobs", "list").stdout
    assert cli("jobs", "list", "--state", "open").stdout.count("job_") == 3
    assert "job_" not in cli("jobs", "list", "--state", "stuck").stdout
    superuser.execute("UPDATE job SET run_at = run_at - interval '1 hour'")
    assert cli("jobs", "list", "--state", "stuck").stdout.count("job_") == 3
    nobody = ids.show("job", uuid4())
    assert [cli("jobs", "show", each).exit_code for each in (nobody, "job_x")] == [1, 2]
    assert cli("jobs", "requeue").exit_code == 2


@pytest.mark.usefixtures("one_try")
def test_all_dead_jobs_of_a_task_are_requeued_at_once(as_org: AsOrg) -> None:
    operator = as_org(["operator"])
    given_up(), given_up(), given_up(name="delivery.rate_seller")
    url, named = "/v1/operations/requeue-failed-jobs", {"name": "delivery.rescore", "limit": 1}
    answers = [operator.post(url, json=named).json() for _ in range(3)]
    assert answers == [
        {"requeued": 1, "has_more": True},
        {"requeued": 1, "has_more": False},
        {"requeued": 0, "has_more": False},
    ]
    (left,) = operator.get("/v1/operations/jobs").json()["items"]
    assert left["name"] == "delivery.rate_seller"


def test_job_04_the_lag_of_the_outbox_is_told_by_type(as_org: AsOrg, superuser: Any) -> None:
    operator = as_org(["operator"])
    assert operator.get("/v1/operations/outbox").json() == {
        "pending": 0,
        "lag_seconds": 0.0,
        "overdue_seconds": 0.0,
        "types": [],
    }
    with db.worker_unit_of_work() as unit:
        for kind in ("offer.changed", "offer.changed", "offer.expired"):
            emit(unit, kind, uuid4(), org_id=None)
    superuser.execute("UPDATE outbox_event SET created_at = created_at - interval '90 s'")
    found = operator.get("/v1/operations/outbox").json()
    assert (found["pending"], 90 <= found["lag_seconds"] < 150) == (3, True)
    assert [(each["type"], each["pending"]) for each in found["types"]] == [
        ("offer.changed", 2),
        ("offer.expired", 1),
    ]
    assert "3 events wait, the oldest for 9" in cli("outbox").stdout


def test_a_leaked_key_is_revoked_by_itself_or_by_its_prefix(as_org: AsOrg) -> None:
    operator, one, other = as_org(["operator"]), as_org(["supplier"]), as_org(["buyer"])
    url = "/v1/operations/keys/revoke"
    assert one.post(url, json={"key": other.key}).status_code == 403
    assert other.get("/v1/clients").status_code == 200
    revoked = operator.post(url, json={"key": other.key}).json()
    assert other.key not in str(revoked)
    assert other.get("/v1/clients").status_code == 401
    assert operator.post(url, json={"key": "kgp_live_" + "0" * 30}).status_code == 404
    assert operator.post(url, json={}).status_code == 422
    (client,) = one.get("/v1/clients").json()["items"]
    assert "Revoked" in cli("keys", "revoke", client["prefix"]).stdout
    assert one.get("/v1/clients").status_code == 401
    assert cli("keys", "revoke", "nobodys").exit_code == 1


def test_wh_08_wh_16_the_operator_sees_endpoints_that_are_disabled_or_behind_and_by_how_much(
    as_org: AsOrg, client: Any, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", -1.0)
    operator, owner = as_org(["operator"]), as_org(["supplier"])
    made = {
        name: endpoint(owner, f"https://hooks.example.kg/{name}?token=s3cret", **more)["id"]
        for name, more in {
            "gone": {},
            "own": {},
            "ordered": {"ordering": "fifo"},
            "idle": {"ordering": "fifo"},
        }.items()
    }
    with db.worker_unit_of_work() as unit:
        gone = unit.get_one(WebhookEndpoint, ids.parse("endpoint", made["gone"]))
        endpoints.disable(unit, gone, actor="test", reason=DisabledReason.GONE)
    assert owner.post(f"/v1/webhook-endpoints/{made['own']}/disable").status_code == 200
    happen(owner.org_id)
    relayed()
    superuser.execute("DELETE FROM webhook_delivery WHERE endpoint_id = %s", [made["idle"][-32:]])
    superuser.execute("UPDATE webhook_delivery SET created_at = created_at - interval '90 s'")

    url = "/v1/operations/webhook-endpoints"
    assert owner.get(url).status_code == 403
    (found,) = operator.get(url).json()["items"]
    assert (found["id"], found["disabled_reason"]) == (made["gone"], "gone")
    assert found["url"] == "https://hooks.example.kg/gone"
    (found,) = operator.get(url, params={"trouble": "fifo_behind"}).json()["items"]
    assert (found["id"], found["waiting"]) == (made["ordered"], 1)
    assert 90 <= found["lag_seconds"] < 150
    assert operator.get(url, params={"trouble": "failing"}).json()["items"] == []
    assert made["gone"] in cli("webhooks", "list").stdout
    told = cli("webhooks", "list", "--trouble", "fifo_behind").stdout
    assert made["ordered"] in told
    assert "s3cret" not in told
    figures = client.get("/metrics").text
    assert "\nkerben_webhook_endpoints_disabled 1.0\n" in figures
    (lag,) = re.findall(r"^kerben_webhook_fifo_lag_seconds ([0-9.]+)$", figures, re.MULTILINE)
    assert 90 <= float(lag) < 150
