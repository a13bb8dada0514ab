"""How clearing accounts compare with what providers say, day by day, and what is open for too long."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.core import db, settings
from api.core.outbox import emit
from api.identity.service import notices, organisations
from api.payments.models import Reconciliation
from api.rules.clock import local_date
from api.rules.ledger import AccountKind

OVERDUE = "reconciliation.overdue"
_FIGURES = text("""
    WITH own AS (
      SELECT e.amount, e.booking_date AS day,
        NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.entry_id = e.id) AS open
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
      WHERE a.kind = :kind AND a.currency = :currency
    ), told AS (
      SELECT l.amount - l.fee AS amount, l.booked_on AS day,
        NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.line_id = l.id) AS open
      FROM provider_line l WHERE l.clearing = :kind AND l.currency = :currency
    ), ours AS (
      SELECT coalesce(sum(amount) FILTER (WHERE day <= :day), 0) AS balance,
        count(*) FILTER (WHERE open) AS number, coalesce(sum(amount) FILTER (WHERE open), 0) AS amount,
        count(*) FILTER (WHERE open AND day < :limit) AS overdue, min(day) FILTER (WHERE open) AS oldest
      FROM own
    ), theirs AS (
      SELECT coalesce(sum(amount) FILTER (WHERE day <= :day), 0) AS balance,
        count(*) FILTER (WHERE open) AS number, coalesce(sum(amount) FILTER (WHERE open), 0) AS amount,
        count(*) FILTER (WHERE open AND day < :limit) AS overdue, min(day) FILTER (WHERE open) AS oldest
      FROM told
    )
    SELECT ours.balance AS ledger_balance, theirs.balance AS lines_balance,
      (SELECT sum(amount) FROM (
        SELECT DISTINCT ON (provider, account) amount FROM provider_balance
        WHERE clearing = :kind AND currency = :currency AND day <= :day
        ORDER BY provider, account, day DESC) AS newest) AS stated_balance,
      ours.number AS unmatched_entries, ours.amount AS unmatched_entries_amount,
      theirs.number AS unmatched_lines, theirs.amount AS unmatched_lines_amount,
      ours.overdue + theirs.overdue AS overdue, least(ours.oldest, theirs.oldest) AS oldest_on
    FROM ours, theirs
""")


def compare(session: Session, kind: AccountKind, currency: str) -> Reconciliation:
    """Keep how the balances of today compare.

    It is told when they differ, otherwise than before, and when more is open for longer than it may
    be (KERBEN_RECONCILIATION_DAYS) than was known.
    """
    session.flush()
    day = local_date(db.now(session))
    limit = day - timedelta(days=settings.get().reconciliation_days)
    values = {"kind": kind.value, "currency": currency, "day": day, "limit": limit}
    told = session.connection().execute(_FIGURES, values).mappings().one()
    figures = {str(name): value for name, value in told.items()}
    before = session.exec(
        select(Reconciliation)
        .where(Reconciliation.clearing == kind, Reconciliation.currency == currency)
        .where(Reconciliation.day <= day)
        .order_by(col(Reconciliation.day).desc())
        .limit(1)
    ).one_or_none()
    known = (before.difference, before.overdue) if before else (0, 0)
    row = before if before and before.day == day else None
    if row is None:
        row = Reconciliation(clearing=kind, currency=currency, day=day, **figures)
    for name, value in figures.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    if row.difference and row.difference != known[0]:
        _tell(session, row, "reconciliation.difference_found")
    if row.overdue > known[1]:
        _tell(session, row, OVERDUE)
    return row


def announce_overdue(session: Session, reconciliation_id: UUID) -> int:
    """Write to the people of the operator who may correct the books; how many."""
    row = session.get_one(Reconciliation, reconciliation_id)
    if not row.overdue:
        return 0
    values = {
        "clearing": row.clearing.value,
        "currency": row.currency,
        "overdue": row.overdue,
        "difference": f"{row.difference:f}",
        "oldest_on": row.oldest_on.isoformat() if row.oldest_on else "",
        "days": settings.get().reconciliation_days,
        "base_url": settings.get().base_url,
    }
    return sum(
        notices.notify(session, operator, "treasury:write", "reconciliation_overdue", values)
        for operator in organisations.operators(session)
    )


def _tell(session: Session, row: Reconciliation, event: str) -> None:
    operators = organisations.operators(session)
    emit(
        session,
        event,
        row.id,
        org_id=next(iter(operators), None),
        also=operators[1:],
        clearing=row.clearing.value,
        currency=row.currency,
        difference=str(row.difference),
        overdue=row.overdue,
        oldest_on=row.oldest_on and row.oldest_on.isoformat(),
    )
