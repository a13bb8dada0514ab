"""What banks send: statements, and reports on files of payments, by one door."""

from sqlmodel import Session

from api.core.jobs import Job
from api.intake import service as intake
from api.intake.models import IntakeMessage, IntakeSource
from api.intake.providers import Provider
from api.intake.schemes import SharedSecret, SignatureHeader, StandardWebhooks, hmac_sha256
from api.payments.bank import pain002
from api.payments.service import payment_reports, statement_intake
from api.payments.service.entry_outcomes import ACTOR
from api.rules.permissions import STAFF


def work(session: Session, job: Job, source: IntakeSource, message: IntakeMessage) -> bool:
    """Work a message as what it says that it is; True once all of it is worked.

    Raises as `statement_intake.submit` and `payment_reports.submit`.
    """
    if pain002.is_report(intake.content(message)):
        return payment_reports.work(session, job, message)
    return statement_intake.work(session, job, message)


PROVIDER = Provider(
    ACTOR,
    {
        "standard_webhooks": StandardWebhooks(),
        "hmac_sha256": SignatureHeader("X-Bank-Signature", hmac_sha256),
        "shared_secret": SharedSecret("X-Bank-Token"),
    },
    work,
    roles=STAFF,
)
