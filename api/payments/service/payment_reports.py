"""Reports of banks on files of payments: kept once, each word on a payment worked in steps. Never commits.

A payment that the bank has rejected frees its money and goes back to what it was for, which may have it
paid by another order. The file that it was in is not given out any more, so that no bank pays it later.
What was accepted is executed only once a statement says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import audit, bulk, pages
from api.core.jobs import Job
from api.core.pages import PageQuery
from api.intake import service as intake
from api.intake import sources
from api.intake.models import IntakeMessage, Proof
from api.intake.service import Received
from api.payments.bank import reading
from api.payments.bank.problems import ReportFileUnknown
from api.payments.models import PaymentBatch, PaymentOrder, PaymentReportLine
from api.payments.service import orders, payment_batches
from api.rules.payment_reports import PaymentWord, Report, ReportOutcome, ReportVerdict
from api.rules.rails import BatchStatus, OrderStatus

NAME = "bank"
ACTOR = "bank"
AT_ONCE = 100
"""How many words one step of a job works."""
COUNTS = ("payments", "known_payments", *ReportOutcome)


def submit(session: Session, *, org_id: UUID, actor: str, body: bytes, media_type: str) -> Received:
    """Keep an uploaded report, and ask for a job that works it.

    Raises ReportUnreadable or ReportFileUnknown; then nothing is kept.
    """
    batch_of(session, reading.read_report(body))
    source = sources.of_calls(session, org_id, NAME)
    return intake.keep(
        session, source, body, media_type=media_type, verified_by=Proof.CREDENTIALS, actor=actor
    )


def work(session: Session, job: Job, message: IntakeMessage) -> bool:
    """Keep what a report says, then work it; True once all is worked. Raises as `submit`."""
    if job.cursor is None:
        _keep_all(session, job, message)
        return False
    query = (
        select(PaymentReportLine)
        .where(PaymentReportLine.message_id == message.id)
        .where(col(PaymentReportLine.outcome).is_(None))
        .order_by(col(PaymentReportLine.id))
        .limit(AT_ONCE)
        .with_for_update()
    )
    result = dict(job.result or {})
    some = session.exec(query).all()
    for each in some:
        each.outcome, each.outcome_reason = _became(session, each)
        session.add(each)
        session.flush()
        result[each.outcome] = result.get(each.outcome, 0) + 1
    job.result = result
    job.progress_done += len(some)
    return len(some) < AT_ONCE


def batch_of(session: Session, report: Report) -> PaymentBatch:
    """The file that a report is about. Raises ReportFileUnknown, also when it was never let out."""
    query = select(PaymentBatch).where(PaymentBatch.message_id == report.original_id)
    found = session.exec(query).one_or_none()
    if found is None or found.status is not BatchStatus.RELEASED:
        raise ReportFileUnknown(f"No file {report.original_id} was let out.")
    return found


def list_lines(
    session: Session, page: PageQuery, *, batch_id: UUID | None, outcome: ReportOutcome | None
) -> tuple[Sequence[PaymentReportLine], str | None]:
    """What banks said of payments, the last first, and the next cursor."""
    query = select(PaymentReportLine)
    if batch_id is not None:
        query = query.where(PaymentReportLine.batch_id == batch_id)
    if outcome is not None:
        query = query.where(PaymentReportLine.outcome == outcome)
    filters = {"batch": batch_id, "outcome": outcome}
    return pages.newest_first(
        session, query, PaymentReportLine, page, scope="payment_report_lines", filters=filters
    )


def _keep_all(session: Session, job: Job, message: IntakeMessage) -> None:
    told = reading.read_report(intake.content(message))
    batch = payment_batches.locked(session, batch_of(session, told).id)
    known = {each.end_to_end_id: each for each in payment_batches.orders_of(session, batch)}
    rows = [
        bulk.new_row(
            batch_id=batch.id,
            message_id=message.id,
            report_id=told.id,
            end_to_end_id=each.end_to_end_id,
            order_id=order.id if (order := known.get(each.end_to_end_id)) else None,
            status=each.word.status,
            verdict=each.word.verdict.value,
            reason=each.word.reason and each.word.reason[:40],
            text=each.word.text,
            amount=each.amount,
            currency=each.currency,
            outcome=None,
            outcome_reason=None,
        )
        for each in _words(told, known.values())
    ]
    kept: Sequence[Any] = ()
    if rows:
        statement = insert(PaymentReportLine).values(rows).on_conflict_do_nothing()
        kept = session.exec(statement.returning(col(PaymentReportLine.id))).all()
    if told.of_file is not None:
        batch.bank_status = told.of_file.verdict
        batch.version += 1
        session.add(batch)
    stream, change = f"payment_batch:{batch.id.hex}", {"report": told.id, "payments": len(kept)}
    audit.record(session, stream, "report", actor=ACTOR, org_id=message.org_id, change=change)
    job.result = {**dict.fromkeys(COUNTS, 0), "payments": len(kept)}
    job.result["known_payments"] = len(rows) - len(kept)
    job.progress_total = len(kept)
    job.cursor = {"kept": len(kept)}


def _words(told: Report, of_batch: Iterable[PaymentOrder]) -> Iterator[PaymentWord]:
    """What is said of each payment, by name or by what is said of the whole file."""
    named = {each.end_to_end_id: each for each in told.payments}
    yield from named.values()
    if told.of_file is not None and told.of_file.verdict is not ReportVerdict.PARTLY_ACCEPTED:
        for order in of_batch:
            if order.end_to_end_id not in named:
                yield PaymentWord(order.end_to_end_id, told.of_file)


def _became(session: Session, line: PaymentReportLine) -> tuple[ReportOutcome, str | None]:
    if line.order_id is None:
        return ReportOutcome.UNMATCHED, "unknown_order"
    order = orders.locked(session, line.order_id)
    told = (line.amount, line.currency)
    if line.amount is not None and told != (order.amount, order.currency):
        return ReportOutcome.UNMATCHED, "amount_differs"
    if line.verdict is not ReportVerdict.REJECTED:
        failed = order.status is OrderStatus.FAILED
        return (
            (ReportOutcome.UNMATCHED, "rejected_before") if failed else (ReportOutcome.NOTED, None)
        )
    if order.status is OrderStatus.FAILED:
        return ReportOutcome.NOTED, "rejected_before"
    if order.status is not OrderStatus.SENT:
        return ReportOutcome.UNMATCHED, f"order_{order.status}"
    why = f"{line.reason or line.status}: {line.text}" if line.text else line.reason or line.status
    orders.failed(session, order, reason=why, actor=ACTOR)
    return ReportOutcome.FAILED, None
