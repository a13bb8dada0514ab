"""What can be done with samples. Never commits: the caller owns the transaction."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import checks, search
from api.catalog.checks import Kind, Use
from api.catalog.sample_models import Sample
from api.catalog.sample_schemas import SampleIn, SampleShippingIn, SampleTermsIn
from api.core import audit, db, deadlines
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.outbox import emit
from api.rules import samples
from api.rules.clock import local_date
from api.rules.samples import ACTS, OPEN, SAMPLE, SampleStatus, Side, Terms
from api.rules.states import IllegalTransition

LAPSED = "sample.due"
_CLOCK = "clock"
_EVENTS = {
    "request": "requested",
    "offer": "offered",
    "decline": "declined",
    "agree": "agreed",
    "cancel": "cancelled",
    "ship": "shipped",
    "receive": "received",
    "accept": "accepted",
    "reject": "rejected",
    "lapse": "lapsed",
    "credit": "credited",
}


class SampleTooLate(Conflict):
    """The time to answer was over before the answer came."""

    code, title = "sample_too_late", "The time to answer is over"


class NotCreditable(Conflict):
    """The price was not to be credited, was credited already, or the sample has not come."""

    code, title = "not_creditable", "The price of the sample cannot be credited"


def request(session: Session, buyer_id: UUID, actor: str, data: SampleIn) -> Sample:
    """Ask the seller of an offer that the buyer sees for a sample.

    Raises Invalid for an offer that is not there or the caller's own and for an unknown place, and
    AlreadyExists while another one of the same offer is open.
    """
    offer = _offer(session, buyer_id, data.offer_id)
    uses = [Use(Kind.PLACE, data.place_code, "place_code")]
    checks.raise_if(checks.code_errors(uses, checks.unknown_codes(session, uses)))
    there = select(Sample.id).where(
        Sample.buyer_id == buyer_id, Sample.offer_id == offer.id, col(Sample.status).in_(OPEN)
    )
    if session.exec(there).first() is not None:
        raise AlreadyExists("You have asked for a sample of this offer already.")
    now = db.now(session)
    sample = Sample(
        buyer_id=buyer_id,
        seller_id=offer.seller_id,
        offer_id=offer.id,
        unit_code=offer.unit_code,
        moved_at=now,
        due_at=samples.due_at(SampleStatus.REQUESTED, now, None),
        **data.model_dump(exclude={"offer_id"}),
    )
    session.add(sample)
    session.flush()
    _traced(session, sample, "request", actor)
    return sample


def offer(session: Session, sample: Sample, actor: str, data: SampleTermsIn) -> Sample:
    """The seller's terms for the locked sample. Raises Invalid, SampleTooLate and Conflict."""
    now = db.now(session)
    if data.currency is not None:
        uses = [Use(Kind.CURRENCY, data.currency, "currency")]
        checks.raise_if(checks.code_errors(uses, checks.unknown_codes(session, uses)))
    terms = Terms(**data.model_dump(exclude={"currency"}))
    fault = samples.term_fault(terms, now, local_date(now))
    if fault is not None:
        raise refused(f"#/{fault[0]}", fault[1], "These terms cannot be kept.")
    return _move(session, sample, "offer", actor, **data.model_dump())


def decline(session: Session, sample: Sample, actor: str, reason: str) -> Sample:
    """The seller sends none. Raises SampleTooLate and Conflict."""
    return _move(session, sample, "decline", actor, reason=reason)


def agree(session: Session, sample: Sample, actor: str) -> Sample:
    """The buyer takes the terms. Raises SampleTooLate and Conflict."""
    return _move(session, sample, "agree", actor)


def cancel(session: Session, sample: Sample, actor: str, reason: str) -> Sample:
    """The buyer wants it no more; Conflict once it is on its way."""
    return _move(session, sample, "cancel", actor, reason=reason)


def ship(session: Session, sample: Sample, actor: str, data: SampleShippingIn) -> Sample:
    """The seller has sent it. Raises Conflict."""
    return _move(session, sample, "ship", actor, **data.model_dump())


def receive(session: Session, sample: Sample, actor: str) -> Sample:
    """The buyer has it. Raises Conflict."""
    return _move(session, sample, "receive", actor)


def assess(session: Session, sample: Sample, actor: str, action: str, reason: str) -> Sample:
    """The buyer accepts or rejects what came, for a reason. Raises SampleTooLate and Conflict."""
    return _move(session, sample, action, actor, reason=reason)


def credit(session: Session, sample: Sample, actor: str, reference: str) -> Sample:
    """The seller has taken the price off an order. Raises NotCreditable."""
    credited = sample.credited_at is not None
    if not samples.may_credit(
        sample.status, credited_on_order=sample.credited_on_order, credited=credited
    ):
        raise NotCreditable
    sample.credit_reference, sample.credited_at = reference, db.now(session)
    sample.version += 1
    _traced(session, sample, "credit", actor)
    return sample


def lapse(session: Session, sample_id: UUID) -> None:
    """End a sample whose time is over; does nothing before, or when somebody has acted."""
    query = select(Sample).where(Sample.id == sample_id).with_for_update()
    sample = session.exec(query).one_or_none()
    if sample is not None and sample.due_at is not None and db.now(session) >= sample.due_at:
        _move(session, sample, "lapse", _CLOCK)


def locked(session: Session, org_id: UUID, sample_id: UUID, action: str) -> Sample:
    """The sample, locked for an action of the side that takes it; NotFound for anybody else."""
    side = Sample.buyer_id if ACTS[action] is Side.BUYER else Sample.seller_id
    query = select(Sample).where(Sample.id == sample_id, side == org_id).with_for_update()
    sample = session.exec(query).one_or_none()
    if sample is None:
        raise NotFound
    return sample


def get(session: Session, org_id: UUID, sample_id: UUID) -> Sample:
    """A sample of the caller's, on either side; NotFound."""
    sample = session.exec(own(org_id).where(Sample.id == sample_id)).one_or_none()
    if sample is None:
        raise NotFound
    return sample


def own(org_id: UUID) -> SelectOfScalar[Sample]:
    """Query of the samples that the organisation asked for or was asked for."""
    return select(Sample).where(
        or_(col(Sample.buyer_id) == org_id, col(Sample.seller_id) == org_id)
    )


def _offer(session: Session, buyer_id: UUID, offer_id: UUID) -> Any:
    try:
        found = search.get(session, buyer_id, offer_id)
    except NotFound as error:
        raise refused("#/offer_id", "unknown_offer", "No offer that you see.") from error
    if found.seller_id == buyer_id:
        raise refused("#/offer_id", "own_offer", "The offer is your own.")
    return found


def _move(session: Session, sample: Sample, action: str, actor: str, **values: Any) -> Sample:
    """The one place that writes `sample.status`. An answer after its time is none, whether the clock
    has told or not."""
    now = db.now(session)
    late = sample.due_at is not None and now >= sample.due_at
    try:
        status = SAMPLE.apply(action, sample.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    if late and action not in ("lapse", "cancel"):
        raise SampleTooLate
    sample.status, sample.moved_at = status, now
    for name, value in values.items():
        setattr(sample, name, value)
    sample.due_at = samples.due_at(status, now, sample.open_until)
    sample.version += 1
    session.add(sample)
    _traced(session, sample, action, actor)
    return sample


def _traced(session: Session, sample: Sample, action: str, actor: str) -> None:
    """Each side writes its own stream, since it cannot read the other's to go on from it."""
    side = ACTS[action]
    acting, other = sample.buyer_id, sample.seller_id
    if side is Side.SELLER:
        acting, other = other, acting
    stream = f"sample:{sample.id.hex}" + ("" if side is Side.BUYER else f":{side.value}")
    change = {"status": sample.status.value, "offer": sample.offer_id.hex}
    audit.record(session, stream, action, actor=actor, org_id=acting, change=change)
    if sample.due_at is None:
        deadlines.disarm(session, LAPSED, sample.id)
    else:
        deadlines.arm(session, LAPSED, sample.id, sample.due_at, org_id=None)
    emit(
        session,
        f"sample.{_EVENTS[action]}",
        sample.id,
        org_id=acting,
        also=[other],
        offer_id=sample.offer_id.hex,
        receiver_id=other.hex,
        version=sample.version,
    )
