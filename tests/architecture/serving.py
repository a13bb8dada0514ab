"""A release at work, in a process of its own: serving.py NUMBER, with what it sends on its input.

The code is that which PYTHONPATH names first. Of each line of input, a JSON object of bodies, it
makes one round of what organisations do every day, and writes one line: the status of each answer.
"""

import json
import os
import sys
from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient
from sqlmodel import col, select

from api.core import db, jobs, logs, migrations
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.main import create_app
from api.matching import service as matching
from api.reference import service as reference
from api.reference.models import WorkCalendarYear
from api.rules.clock import utcnow
from api.rules.organisations import OrganisationStatus
from workers import relay
from workers.app import app as celery


def key_of(role: str, number: int) -> str:
    """A new organisation's key with all its scopes."""
    with db.worker_unit_of_work() as session:
        made = Organisation(
            roles=[role],
            legal_name={"ru": f"{role} {number}"},
            identifier_scheme="KG-INN",
            identifier_id=f"{number:014d}",
            country="KG",
            languages=["ru"],
            status=OrganisationStatus.VERIFIED,
            verification_level=2,
        )
        session.add(made)
        session.flush()
        scopes = identity.full_scopes(made)
        data = ClientIn(name="rollout", scopes=scopes)
        _, key = identity.create_client(
            session, org_id=made.id, actor="rollout", data=data, grantable=scopes
        )
    return key


def drain() -> list[str]:
    """Do all that waits; what went wrong with it."""
    celery.loader.import_default_modules()
    with db.worker_unit_of_work() as session:
        matching.ensure_model(session)
    while True:
        with db.worker_unit_of_work() as session:
            events = relay.make_jobs(session)
        with db.worker_unit_of_work() as session:
            messages = relay.take_due(session)
        if not events and not messages:
            break
        for name, job_id in messages:
            celery.tasks[name].run(job_id)
    with db.worker_unit_of_work() as session:
        failed = session.exec(select(jobs.Job).where(col(jobs.Job.last_error).is_not(None)))
        return [f"{job.name}: {job.last_error}" for job in failed]


class Round:
    """Requests and what became of them, by name."""

    def __init__(self, client: TestClient, number: int) -> None:
        self.client, self.answers = client, dict[str, Any]()
        self.buyer, self.supplier = key_of("buyer", number), key_of("supplier", number + 1)

    def ask(self, name: str, key: str, method: str, url: str, **kwargs: Any) -> Any:
        """One request; the answer's body, or what was kept in mind of it."""
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid4().hex}
        headers |= {"If-Match": "*"} | kwargs.pop("headers", {})
        answer = self.client.request(method, url, headers=headers, **kwargs)
        self.answers[name] = answer.status_code
        return answer.json() if answer.is_success and answer.content else {}

    def run(self, said: Any) -> None:
        """What organisations do every day."""
        buyer, supplier, ask = self.buyer, self.supplier, self.ask
        ask("ready", buyer, "GET", "/readyz")
        hook = {"url": "https://hooks.example.kg/kerben"}
        ask("webhook endpoint", buyer, "POST", "/v1/webhook-endpoints", json=hook)
        made = ask("draft", buyer, "POST", "/v1/tenders", json=said["tender"])
        at = f"/v1/tenders/{made.get('id')}"
        made = ask("publication", buyer, "POST", f"{at}/publish")
        imported = {"content": said["offers"].encode(), "headers": {"Content-Type": "text/csv"}}
        job = ask("import", supplier, "POST", "/v1/imports?format=csv", **imported)
        ask("enquiry", supplier, "POST", f"{at}/enquiries", json=said["enquiry"])
        self.answers["jobs that failed"] = drain()
        done = ask("imported", supplier, "GET", f"/v1/jobs/{job.get('id')}")
        self.answers["import is"] = done.get("status")
        ask("bid", supplier, "POST", f"{at}/bids", json=self.bid(made, said["price"]))
        ask("matches", buyer, "GET", f"{at}/matches")
        ask("feed", buyer, "GET", "/v1/events")
        ask("public page", "", "GET", f"/public/tenders/{made.get('ocid')}", headers={})
        wrong = {"email": "nobody@example.kg", "password": "guessed"}
        ask("guessed password", "", "POST", "/auth/login", json=wrong)
        for earlier in said["earlier"]:
            ask(f"read {earlier}", buyer, "GET", f"/v1/tenders/{earlier}")
        self.answers["tender"] = made.get("id")

    def bid(self, tender: Any, price: str) -> Any:
        """A bid for every lot of a tender that the installation keeps closed."""
        lots = [
            {
                "lot_id": lot["id"],
                "value": {"amount": price, "currency": "KGS"},
                "vat_included": True,
                "incoterm": "DAP",
                "named_place": "Osh",
                "dispatch_country": "KG",
                "lead_days": 30,
                "items": [
                    {
                        "item_id": item["id"],
                        "quantity": item["quantity"],
                        "unit_price": price,
                        "country_of_origin": "KG",
                    }
                    for item in lot["items"]
                ],
            }
            for lot in tender.get("lots", [])
        ]
        envelope = {"kind": "price", "id": uuid4().hex, "version": 1, "content": {"lots": lots}}
        return {"envelopes": [envelope], "tenderers": []}


def main(number: int) -> None:
    """Migrate to this release if the database is new, then serve round by round."""
    logs.configure("ERROR", "json")  # to stderr
    if "MIGRATE" in os.environ:
        migrations.upgrade()
        with db.worker_unit_of_work() as session:
            reference.load_bundled(session)
            known = {row.year for row in session.exec(select(WorkCalendarYear))}
            for year in {utcnow().year, utcnow().year + 1} - known:
                plain = {"calendar": "KG", "year": year, "weekend": [6, 7], "source": "test"}
                session.add(WorkCalendarYear(**plain))
        db.dispose()  # the connection that migrated keeps others from it
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        for count, line in enumerate(sys.stdin):
            made = Round(client, number + 2 * count)
            made.run(json.loads(line))
            sys.stdout.write(json.dumps(made.answers) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
