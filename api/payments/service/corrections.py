"""Corrections of the books: proposed with a reason, carried out by somebody else. Never commits.

A reversal books the opposite of a transaction on the open day; what the transaction was part of (a
receipt, an order) is not told, so that it is for what was booked by mistake.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db, pages, rows
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity.service import organisations
from api.payments.models import LedgerCorrection, LedgerTransaction
from api.payments.problems import CorrectionFourEyes, CorrectionMoot, MatchUneven
from api.payments.schemas.corrections import CorrectionIn
from api.payments.service import clearing_balances, posting, reconciling
from api.payments.service.posting import Booked, Posting
from api.rules import corrections as rules
from api.rules.corrections import CORRECTION, CorrectionKind, CorrectionStatus
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.reconciling import Item, Match, MatchRule, fee_of
from api.rules.states import IllegalTransition

_SIDES = """
    SELECT 'line' AS side, l.clearing, l.currency, l.id, l.external_id, l.reference, l.amount,
      l.booked_on, l.fee
    FROM provider_line l WHERE l.id = ANY(%(lines)s)
      AND NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.line_id = l.id)
    UNION ALL
    SELECT 'entry', a.kind, a.currency, e.id, NULL, NULL, e.amount, e.booking_date, 0
    FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
    WHERE e.id = ANY(%(entries)s) AND a.kind IN ('bank_clearing', 'stripe_clearing')
      AND NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.entry_id = e.id)
"""
_UNDONE = """
    SELECT a.kind, a.currency, array_agg(e.id ORDER BY e.id)
    FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
    WHERE e.transaction_id = ANY(%(ids)s) AND a.kind IN ('bank_clearing', 'stripe_clearing')
      AND NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.entry_id = e.id)
    GROUP BY a.kind, a.currency HAVING sum(e.amount) = 0
"""


class Sides(NamedTuple):
    """Lines and entries of one clearing account that are open."""

    clearing: AccountKey
    lines: Sequence[Item]
    entries: Sequence[Item]


def propose(session: Session, *, actor: str, data: CorrectionIn) -> LedgerCorrection:
    """Say what is to be corrected, and why; another carries it out.

    Raises NotFound for a transaction that is not there, CorrectionMoot for what is undone or matched
    already, and MatchUneven.
    """
    found = LedgerCorrection(
        kind=data.kind,
        reason=data.reason,
        transaction_id=data.transaction_id,
        line_ids=sorted(set(data.line_ids)),
        entry_ids=sorted(set(data.entry_ids)),
        proposed_by=actor,
    )
    if found.kind is CorrectionKind.REVERSAL:
        _require_standing(session, found)
    else:
        _require_even(found, _sides(session, found))
    session.add(found)
    session.flush()
    _log(session, found, "propose", "proposed", actor, {"reason": data.reason})
    return found


def carry_out(session: Session, found: LedgerCorrection, *, actor: str) -> LedgerCorrection:
    """Do what somebody else has proposed.

    Raises CorrectionFourEyes, CorrectionMoot when the books have changed meanwhile, and as
    posting.post: an account cannot be overdrawn by a reversal either.
    """
    if found.status is CorrectionStatus.PROPOSED and found.proposed_by == actor:
        raise CorrectionFourEyes
    found.decided_by = actor
    _move(session, found, "carry_out", "carried_out", actor)
    booked = _ACTS[found.kind](session, found, actor)
    found.outcome_id = booked.id if booked else None
    session.add(found)
    session.flush()
    return found


def refuse(session: Session, found: LedgerCorrection, *, actor: str) -> LedgerCorrection:
    """Leave the books as they are. Who has proposed it may take it back so. Raises Conflict."""
    if found.proposed_by != actor:
        found.decided_by = actor
    _move(session, found, "refuse", "refused", actor)
    return found


def locked(session: Session, correction_id: UUID) -> LedgerCorrection:
    """A correction, its row locked; NotFound."""
    return rows.locked(session, LedgerCorrection, correction_id)


def get(session: Session, correction_id: UUID) -> LedgerCorrection:
    """A correction; NotFound."""
    found = session.get(LedgerCorrection, correction_id)
    if found is None:
        raise NotFound
    return found


def list_all(
    session: Session, page: PageQuery, *, status: CorrectionStatus | None
) -> tuple[Sequence[LedgerCorrection], str | None]:
    """Corrections, the newest first, and the next cursor."""
    query = select(LedgerCorrection)
    if status is not None:
        query = query.where(LedgerCorrection.status == status)
    return pages.newest_first(
        session, query, LedgerCorrection, page, scope="corrections", filters={"status": status}
    )


def _require_standing(session: Session, found: LedgerCorrection) -> LedgerTransaction:
    transaction = session.get(LedgerTransaction, found.transaction_id)
    if transaction is None:
        raise NotFound
    undone = select(LedgerTransaction.id).where(
        col(LedgerTransaction.reverses_id) == transaction.id
    )
    if transaction.reverses_id is not None or session.exec(undone).first():
        raise CorrectionMoot("The transaction is reversed already, or is a reversal itself.")
    return transaction


def _sides(session: Session, found: LedgerCorrection) -> Sides:
    """What the correction names, all of it open and of one clearing account. Raises CorrectionMoot."""
    told = db.rows(session, _SIDES, lines=found.line_ids, entries=found.entry_ids)
    accounts = {(kind, currency) for _, kind, currency, *_ in told}
    if len(told) != len(found.line_ids) + len(found.entry_ids) or len(accounts) != 1:
        raise CorrectionMoot("All must be open, and of one clearing account.")
    ((kind, currency),) = accounts
    items = [(side, Item(*item)) for side, _, _, *item in told]
    return Sides(
        AccountKey(AccountKind(kind), currency),
        [item for side, item in items if side == "line"],
        [item for side, item in items if side == "entry"],
    )


def _require_even(found: LedgerCorrection, sides: Sides) -> None:
    even = fee_of(sides.lines, sides.entries) is not None
    if found.kind is CorrectionKind.MATCH and not even:
        raise MatchUneven
    if found.kind is CorrectionKind.WRITE_OFF and not rules.difference(sides.lines, sides.entries):
        raise CorrectionMoot("Nothing is left over: it is a match.")


def _reverse(session: Session, found: LedgerCorrection, actor: str) -> Booked:
    """Both entries of a clearing account that no provider knows of are the same mistake."""
    transaction = _require_standing(session, found)
    booked = posting.reverse(session, transaction, actor=actor, reason=found.reason)
    pairs = db.rows(session, _UNDONE, ids=[transaction.id, booked.id])
    undone = [Match(MatchRule.MANUAL, (), (*entries,)) for _, _, entries in pairs]
    reconciling.keep(session, undone, {}, actor=actor)
    return booked


def _match(session: Session, found: LedgerCorrection, actor: str) -> None:
    sides = _held(session, found)
    fee = fee_of(sides.lines, sides.entries)
    assert fee is not None, "_held has seen to it"
    _keep(session, sides, Match(MatchRule.MANUAL, *_ids(sides), fee), actor)


def _write_off(session: Session, found: LedgerCorrection, actor: str) -> Booked:
    """What the provider's balance has more is gained, what it has less is lost."""
    sides = _held(session, found)
    amount = rules.difference(sides.lines, sides.entries)
    lost = AccountKey(AccountKind.WRITE_OFFS, sides.clearing.currency)
    between = (sides.clearing, lost) if amount > 0 else (lost, sides.clearing)
    booked = posting.post(
        session,
        Posting(
            key=f"write_off:{found.id}",
            kind="reconciliation.written_off",
            entries=transfer(*between, abs(amount)),
            actor=actor,
            resource_id=found.id,
            details={"reason": found.reason},
        ),
    )
    lines, entries = _ids(sides)
    own = reconciling.clearing_entries(session, [booked.id], sides.clearing)[booked.id]
    _keep(session, sides, Match(MatchRule.WRITE_OFF, lines, (*entries, own)), actor)
    return booked


_ACTS: Mapping[CorrectionKind, Any] = {
    CorrectionKind.REVERSAL: _reverse,
    CorrectionKind.MATCH: _match,
    CorrectionKind.WRITE_OFF: _write_off,
}


def _held(session: Session, found: LedgerCorrection) -> Sides:
    """The sides once no run of the reconciliation can take them any more."""
    reconciling.lock(session, _sides(session, found).clearing)
    sides = _sides(session, found)
    _require_even(found, sides)
    return sides


def _keep(session: Session, sides: Sides, match: Match, actor: str) -> None:
    try:
        booked = reconciling.book_fees(
            session, sides.clearing, {match.lines[0]: match.fee} if match.fee else {}
        )
        reconciling.keep(session, [match], booked, actor=actor)
    except IntegrityError as error:
        raise CorrectionMoot from error
    clearing_balances.compare(session, sides.clearing.kind, sides.clearing.currency)


def _ids(sides: Sides) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    return tuple(e.id for e in sides.lines), tuple(e.id for e in sides.entries)


def _move(
    session: Session, found: LedgerCorrection, action: str, happened: str, actor: str
) -> None:
    """The one place that writes `ledger_correction.status`. Raises Conflict."""
    try:
        found.status = CORRECTION.apply(action, found.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    found.version += 1
    session.add(found)
    session.flush()
    _log(session, found, action, happened, actor, {})


def _log(
    session: Session,
    found: LedgerCorrection,
    action: str,
    happened: str,
    actor: str,
    change: Mapping[str, Any],
) -> None:
    stream = f"ledger_correction:{found.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=None, change=dict(change))
    operators = organisations.operators(session)
    emit(
        session,
        f"ledger_correction.{happened}",
        found.id,
        org_id=next(iter(operators), None),
        also=operators[1:],
        kind=found.kind,
        status=found.status,
    )
