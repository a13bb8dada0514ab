"""What the treasury keeps: an account at a bank, a statement, money in suspense, a payment, a file."""

from decimal import Decimal
from typing import Any

import psycopg

from api.core import db, ids
from api.core.jobs import Job
from api.intake import service as intake
from api.payments.models import PaymentBatch, PaymentReportLine
from api.rules.payment_reports import ReportVerdict
from tests.payments import banking, treasury
from tests.procurement import awarding
from tests.tenancy.world import Story, ok, written

BYTES = {"Content-Type": "application/octet-stream"}


def bank(story: Story, superuser: psycopg.Connection[Any]) -> None:
    """Make it, with a payee account of the supplier's."""
    operator, supplier = story.actors["operator"], story.actors["supplier"]
    account = ok(operator.post("/v1/platform-accounts", json=treasury.ACCOUNT))
    body = banking.camt(banking.line("10", "nobody's", reference="B1"))
    job_id = ok(operator.post("/v1/bank-statements", content=body, headers=BYTES))["id"]
    with db.worker_unit_of_work() as session:
        job = session.get_one(Job, ids.parse("job", job_id))
        while not intake.work(session, job):
            pass
    (statement,) = ok(operator.get("/v1/bank-statements"))["items"]
    (item,) = ok(operator.get("/v1/suspense-items"))["items"]
    payee = ok(supplier.post("/v1/payee-accounts", json=treasury.PAYEE))
    ok(operator.post(f"/v1/payee-accounts/{payee['id']}/verify"))
    url, to = f"/v1/suspense-items/{item['id']}", {"payee_account_id": payee["id"]}
    ok(operator.post(f"{url}/return", json=to))
    back = ok(awarding.second_client(operator).post(f"{url}/approve"))
    batch = PaymentBatch(
        platform_account_id=ids.parse("platformaccount", account["id"]),
        message_id="KERBEN0123456789ABCDEF",
        currency="KGS",
        orders=1,
        total=Decimal(10),
        execution_on=banking.DAY,
        sha256="ab" * 32,
        created_by="test",
    )
    written(superuser, batch)
    superuser.execute(
        "UPDATE payment_order SET batch_id = %s WHERE id = %s",
        [batch.id, ids.parse("paymentorder", back["order_id"])],
    )
    (message,) = superuser.execute("SELECT message_id FROM bank_statement").fetchone() or ()
    said = PaymentReportLine(
        batch_id=batch.id,
        message_id=message,
        report_id="R1",
        end_to_end_id="0123456789ABCDEF",
        status="RJCT",
        verdict=ReportVerdict.REJECTED,
    )
    written(superuser, said)
    theirs = ok(story.stranger.post("/v1/payee-accounts", json=treasury.PAYEE))
    story.foreign |= {"payeeaccount": theirs["id"]}
    story.ids |= {
        "platform_account_id": account["id"],
        "payee_account_id": payee["id"],
        "bank_statement_id": statement["id"],
        "suspense_item_id": item["id"],
        "payment_order_id": back["order_id"],
        "payment_batch_id": ids.show("paymentbatch", batch.id),
    }
