"""Envelopes as they come in: held against the deadline, checked unopened, answered by a receipt."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import TextClause, text
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from api.core import db, ids, signing
from api.core.errors import FieldError, Invalid, NotFound
from api.procurement.models import Bid, BidEnvelope, Tender, TenderKey
from api.procurement.schemas import EnvelopeIn, PriceContent, TechnicalContent, content_type
from api.procurement.sealing import envelopes as sealing
from api.procurement.sealing.documents import instant
from api.procurement.sealing.envelopes import Context, Sealed
from api.procurement.sealing.receipts import Receipt, SignedReceipt
from api.procurement.service import contents
from api.procurement.service.bid_problems import SealingRequired, TenderPeriodNotStarted
from api.procurement.service.problems import TenderPeriodEnded
from api.rules import merkle
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import OPEN_STAGES, PREQUALIFYING, TenderMode, has_ended

type Keys = Mapping[EnvelopeKind, TenderKey]
_MOST = 2**53 - 1
"""The largest whole number that JSON says exactly."""


class Held(NamedTuple):
    """A tender that takes bids and stays as it is until the transaction ends; and the moment."""

    id: UUID
    ocid: str
    buyer_id: UUID
    now: datetime
    framework_id: UUID | None
    invited_only: bool = False
    uses_quota: bool = False


class _Seen(NamedTuple):
    ocid: str
    buyer_id: UUID
    stage: str
    start: datetime | None
    end: datetime | None
    applied_until: datetime | None
    framework_id: UUID | None
    uses_quota: bool | None
    now: datetime


def hold_open(session: Session, tender_id: UUID) -> Held:
    """Keep a tender from being closed or amended, if bids are in time by the database's clock.

    What is late locks nothing, so that late bids never hold up the closing.
    Raises NotFound, TenderPeriodNotStarted or TenderPeriodEnded.
    """
    seen = _seen(session, tender_id, lock=True)
    if seen is None:
        require_open(session, tender_id)
        raise TenderPeriodEnded  # it was, until between the two statements it was prolonged
    _require_open(seen)
    invited_only = seen.applied_until is not None
    uses_quota = bool(seen.uses_quota)
    return Held(
        tender_id, seen.ocid, seen.buyer_id, seen.now, seen.framework_id, invited_only, uses_quota
    )


def require_open(session: Session, tender_id: UUID) -> None:
    """Refuse what is late before anything is kept or locked. Raises as `hold_open` does."""
    found = _seen(session, tender_id, lock=False)
    if found is None:
        raise NotFound
    _require_open(found)


def keys_of(session: Session, tender_id: UUID) -> Keys:
    """The keys to which envelopes of a tender are sealed, by kind."""
    rows = session.exec(
        select(TenderKey)
        .where(TenderKey.tender_id == tender_id)
        .options(defer(col(TenderKey.document)))  # type: ignore[arg-type]
    ).all()
    return {row.kind: row for row in rows}


def current_of(session: Session, bid_id: UUID) -> Sequence[BidEnvelope]:
    """The envelopes of a bid that count."""
    return session.exec(
        select(BidEnvelope)
        .where(BidEnvelope.bid_id == bid_id, col(BidEnvelope.replaced_at).is_(None))
        .options(defer(col(BidEnvelope.ciphertext)))  # type: ignore[arg-type]
        .order_by(col(BidEnvelope.kind))
    ).all()


def received(
    session: Session, held: Held, bid: Bid, given: Sequence[EnvelopeIn], keys: Keys
) -> list[BidEnvelope]:
    """Rows of envelopes that came in now. Raises SealingRequired, ContentRefused or Invalid.

    What is handed in unsealed is read once: answers that fail their requirements are refused.
    """
    if any(each.content is not None for each in given):
        _require_server_sealing(session, held.id, keys)
        _refuse_unfit(session, held.id, given, keys)
    return [
        _row(held, bid, each, keys[each.kind], _sealed(held, bid, each, keys)) for each in given
    ]


def context_of(envelope: BidEnvelope, ocid: str) -> Context:
    """What the envelope must have been sealed for."""
    return Context(
        tender=ocid,
        tenderer=ids.show("organisation", envelope.supplier_id),
        envelope=envelope.kind,
        id=envelope.envelope_id,
        version=envelope.envelope_version,
    )


def receipt(envelope: BidEnvelope, ocid: str) -> SignedReceipt:
    """The signed statement that the installation received the envelope, and when."""
    content = Receipt(
        context=context_of(envelope, ocid),
        commitment=envelope.commitment,
        ciphertext_sha256=envelope.ciphertext_sha256,
        size=envelope.size,
        received_at=instant(envelope.received_at),
        sealing=envelope.mode,
        sequence=envelope.sequence,
    )
    signed = signing.sign(content.model_dump(mode="json"))
    return SignedReceipt(content=content, key_id=signed.key_id, signature=signed.signature)


def _seen(session: Session, tender_id: UUID, *, lock: bool) -> _Seen | None:
    """A published tender; with `lock` only one that takes bids, held FOR SHARE."""
    row = session.connection().execute(_query(db.clock(), lock), {"id": tender_id}).one_or_none()
    return None if row is None else _Seen(*row)


@cache
def _query(clock: str, lock: bool) -> TextClause:
    """The outer query is asked for the moment once the inner one has the lock."""
    columns = (
        "ocid, buyer_id, status_details, tender_period_start, tender_period_end,"
        " prequalification_period_end, framework_id"
    )
    uses_quota = (
        f"mode = '{TenderMode.LIVE}' AND (policy->'parameters'->>'bids_use_quota')::boolean"
    )
    stages = ", ".join(f"'{stage}'" for stage in sorted(OPEN_STAGES))
    takes_bids = f" AND status_details IN ({stages}) AND tender_period_end > ({clock}) FOR SHARE"
    return text(
        f"SELECT {columns}, uses_quota, ({clock})"
        f" FROM (SELECT {columns}, {uses_quota} AS uses_quota FROM tender"
        f" WHERE id = :id AND published_at IS NOT NULL{takes_bids if lock else ''}) AS seen"
    )


def _require_open(seen: _Seen) -> None:
    if seen.stage in PREQUALIFYING:
        raise TenderPeriodNotStarted("Candidates are qualified first; who is invited bids.")
    if seen.stage not in OPEN_STAGES or seen.end is None or has_ended(seen.end, seen.now):
        raise TenderPeriodEnded
    if seen.start is not None and seen.now < seen.start:
        raise TenderPeriodNotStarted(f"Bids are taken from {seen.start.isoformat()} on.")


def _require_server_sealing(session: Session, tender_id: UUID, keys: Keys) -> None:
    """Content in the open is taken where the rules allow it, whoever has the key."""
    allowed: Any = session.exec(
        select(col(Tender.policy)["parameters"]["sealing_modes"]).where(Tender.id == tender_id)
    ).one()
    if SealingMode.SERVER not in (allowed or ()):
        raise SealingRequired


def _refuse_unfit(
    session: Session, tender_id: UUID, given: Sequence[EnvelopeIn], keys: Keys
) -> None:
    """Raise Invalid for content of another form, or with answers that miss what is required."""
    two = len(keys) > 1
    errors, said = list[FieldError](), dict[int, BaseModel]()
    for index, each in enumerate(given):
        if each.content is None:
            continue
        try:
            said[index] = content_type(each.kind, two_envelopes=two).model_validate(each.content)
        except ValidationError as error:
            errors += _malformed(error, index)
    if not errors and any(isinstance(each, TechnicalContent) for each in said.values()):
        wanted = contents.wanted(session, tender_id)
        # A price that came beside the technical envelope unsealed says for which lots the bid is.
        lots = next((each.lots for each in said.values() if isinstance(each, PriceContent)), None)
        bid_for = None if lots is None else [ids.show("lot", each.lot_id) for each in lots]
        for index, content in said.items():
            if isinstance(content, TechnicalContent):
                errors += [
                    FieldError(
                        pointer=f"#/envelopes/{index}/content{fault.pointer.removeprefix('#')}",
                        code=fault.code,
                        detail=fault.detail,
                    )
                    for fault in contents.answer_faults(wanted, content, bid_for)
                ]
    if errors:
        raise Invalid("The content is not that of a bid.", errors=errors)


def _malformed(error: ValidationError, index: int) -> list[FieldError]:
    return [
        FieldError(
            pointer="/".join(["#/envelopes", str(index), "content", *map(str, each["loc"])]),
            code=each["type"],
            detail=each["msg"],
        )
        for each in error.errors(include_input=False, include_context=False, include_url=False)
    ]


def _sealed(held: Held, bid: Bid, given: EnvelopeIn, keys: Keys) -> Sealed:
    """The envelope as the bidder sealed it, or sealed here: what it says is stored nowhere else."""
    if given.sealed is not None:
        return given.sealed
    context = Context(
        tender=held.ocid,
        tenderer=ids.show("organisation", bid.supplier_id),
        envelope=given.kind,
        id=given.id,
        version=given.version,
    )
    return sealing.seal(given.content or {}, context, keys[given.kind].recipient).sealed


def _row(held: Held, bid: Bid, given: EnvelopeIn, key: TenderKey, sealed: Sealed) -> BidEnvelope:
    # Whoever can open it alone is named: by the installation's own key it could.
    by_bidder = given.sealed is not None and key.mode is SealingMode.CLIENT
    return BidEnvelope(
        bid_id=bid.id,
        tender_id=bid.tender_id,
        supplier_id=bid.supplier_id,
        kind=given.kind,
        mode=SealingMode.CLIENT if by_bidder else SealingMode.SERVER,
        envelope_id=given.id,
        envelope_version=given.version,
        size=sealed.size,
        commitment=sealed.commitment,
        ciphertext=sealed.ciphertext_bytes(),
        ciphertext_sha256=sealed.ciphertext_sha256(),
        leaf=merkle.leaf_hash(sealed.entry()),
        sequence=secrets.randbelow(_MOST) + 1,
        received_at=held.now,
    )
