"""Openers' public keys, and the keys of tenders. Never commits: the caller owns the transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from api.core import audit, db, ids
from api.core.errors import NotFound
from api.identity import service as identity
from api.identity.service import Caller
from api.procurement.models import OpenerKey, SubmissionTerms, Tender, TenderKey, TenderKeyHolder
from api.procurement.schemas import OpenerKeyIn
from api.procurement.sealing import ceremony, installation
from api.procurement.sealing.ceremony import Holder
from api.procurement.service import submissions, terms
from api.procurement.service.bid_problems import (
    OpenerRoleNotAllowed,
    SealingKeyMissing,
    SealingKeyUnfit,
)
from api.procurement.service.problems import NotDraft
from api.rules import bids as rules
from api.rules.bids import OpenerRole
from api.rules.permissions import OrgRole
from api.rules.policy import Policy, SealingMode
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import Fault, TenderStage

_ROLE_OF = {OpenerRole.OPENER: OrgRole.BUYER, OpenerRole.AUDITOR: OrgRole.AUDITOR}


def register(session: Session, *, caller: Caller, data: OpenerKeyIn) -> OpenerKey:
    """Enter the public key of the person, or the credentials, that ask; one key for each of them.

    Raises OpenerRoleNotAllowed, or AlreadyExists (by constraint) for a second key.
    """
    organisation = identity.get_organisation(session, caller.org_id)
    if _ROLE_OF[data.role] not in organisation.roles:
        raise OpenerRoleNotAllowed
    key = OpenerKey(
        org_id=caller.org_id,
        client_id=caller.client_id,
        member_id=caller.member_id,
        person_id=caller.visit.person_id if caller.visit else None,
        **data.model_dump(),
    )
    session.add(key)
    session.flush()
    _log(session, key, "register_opener_key", caller.actor)
    return key


def revoke(session: Session, *, org_id: UUID, opener_key_id: UUID, actor: str) -> OpenerKey:
    """Let a key take part in no further ceremony; shares that it holds stay usable."""
    query = select(OpenerKey).where(OpenerKey.id == opener_key_id, OpenerKey.org_id == org_id)
    key = session.exec(query.with_for_update()).one_or_none()
    if key is None:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = db.now(session)
        key.version += 1
        session.add(key)
        _log(session, key, "revoke_opener_key", actor)
    return key


def list_opener_keys(session: Session, org_id: UUID) -> Sequence[OpenerKey]:
    """The organisation's keys, oldest first, revoked ones included."""
    query = select(OpenerKey).where(OpenerKey.org_id == org_id)
    return session.exec(query.order_by(col(OpenerKey.id))).all()


def attach(
    session: Session, tender: Tender, *, actor: str, document: ceremony.TenderKey
) -> TenderKey:
    """Give a draft the key of a ceremony, in the place of an earlier one of the same kind.

    Raises NotDraft, or SealingKeyUnfit, which names the holder that is not registered.
    """
    if tender.status_details not in (TenderStage.DRAFT, TenderStage.PLANNED):
        raise NotDraft
    registered = {
        key.recipient: key
        for key in session.exec(
            select(OpenerKey).where(
                col(OpenerKey.recipient).in_([each.recipient for each in document.holders]),
                col(OpenerKey.revoked_at).is_(None),
            )
        )
    }
    faults = [
        fault
        for index, holder in enumerate(document.holders)
        for fault in _holder_faults(tender, f"#/holders/{index}", holder, registered)
    ]
    people = [
        registered[each.recipient].person_id
        for each in document.holders
        if each.recipient in registered
    ]
    known = [each for each in people if each is not None]
    if len({*known}) < len(known):
        detail = "one person would hold two shares"
        faults.append(Fault("#/holders", "holder_twice", detail))
    if document.tender != tender.ocid:
        faults.append(Fault("#/tender", "tender_differs", f"must be {tender.ocid}"))
    if faults:
        raise SealingKeyUnfit(errors=terms.field_errors(faults))
    session.connection().execute(
        delete(TenderKey).where(
            col(TenderKey.tender_id) == tender.id, col(TenderKey.kind) == document.envelope
        )
    )
    key = TenderKey(
        tender_id=tender.id,
        kind=document.envelope,
        mode=SealingMode.CLIENT,
        recipient=document.recipient,
        threshold=document.threshold,
        opens_at=datetime.fromisoformat(document.opens_at),
        fingerprint=document.sha256(),
        document=document.model_dump(mode="json"),
    )
    session.add(key)
    session.flush()
    for holder in document.holders:
        opener = registered[holder.recipient]
        session.add(
            TenderKeyHolder(
                tender_key_id=key.id,
                tender_id=tender.id,
                opener_key_id=opener.id,
                org_id=opener.org_id,
                number=holder.number,
            )
        )
    audit.record(
        session,
        f"tender:{tender.id.hex}",
        "attach_key",
        actor=actor,
        org_id=tender.buyer_id,
        change={"envelope": key.kind, "fingerprint": key.fingerprint},
    )
    return key


def freeze(session: Session, tender: Tender, policy: Policy) -> dict[str, str | None]:
    """Settle, at publication, to which keys bids are sealed; without a ceremony, if the rules
    allow that, to the installation's own. Sets `tender.sealing_mode`; the fingerprints by kind.

    Raises SubmissionTermsUnfit, SealingKeyMissing or SealingKeyUnfit.
    """
    found = submissions.check(session, tender, policy)
    kinds = _kinds(found)
    keys = {key.kind: key for key in keys_of(session, tender.id) if key.kind in kinds}
    missing = [kind for kind in kinds if kind not in keys]
    if missing and (keys or SealingMode.SERVER not in policy.sealing_modes):
        raise SealingKeyMissing(f"No key for envelopes of the kind {', '.join(missing)}.")
    if missing:
        tender.sealing_mode = SealingMode.SERVER
        recipient = installation.own_identity().recipient
        session.add_all(
            TenderKey(
                tender_id=tender.id,
                kind=kind,
                mode=SealingMode.SERVER,
                recipient=recipient,
                threshold=policy.openers.threshold,
            )
            for kind in missing
        )
        return dict.fromkeys(kinds)
    faults = [fault for key in keys.values() for fault in _key_faults(tender, policy, key)]
    if faults:
        raise SealingKeyUnfit(errors=terms.field_errors(faults))
    tender.sealing_mode = SealingMode.CLIENT
    return {key.kind: key.fingerprint for key in keys.values()}


def keys_of(session: Session, tender_id: UUID) -> Sequence[TenderKey]:
    """The keys of a tender, in the order in which their envelopes are opened."""
    rows = session.exec(select(TenderKey).where(TenderKey.tender_id == tender_id)).all()
    order = list(EnvelopeKind)
    return sorted(rows, key=lambda row: order.index(row.kind))


def document_of(key: TenderKey) -> ceremony.TenderKey:
    """The ceremony's document of a key of mode `client`."""
    return ceremony.TenderKey.model_validate(key.document)


def _kinds(found: SubmissionTerms | None) -> tuple[EnvelopeKind, ...]:
    return rules.kinds(two_envelopes=found is not None and found.two_envelopes)


def _holder_faults(
    tender: Tender, pointer: str, holder: Holder, registered: dict[str, OpenerKey]
) -> list[Fault]:
    key = registered.get(holder.recipient)
    if key is None or key.role != holder.role:
        detail = f"{holder.name} has registered no such key as {holder.role}"
        return [Fault(f"{pointer}/recipient", "opener_not_registered", detail)]
    own = key.org_id == tender.buyer_id
    if key.role is OpenerRole.OPENER and not own:
        return [Fault(pointer, "opener_of_another", "an opener is of the buyer's organisation")]
    if key.role is OpenerRole.AUDITOR and own:
        return [Fault(pointer, "auditor_of_buyer", "an auditor is of another organisation")]
    return []


def _key_faults(tender: Tender, policy: Policy, key: TenderKey) -> list[Fault]:
    faults, holders = [], document_of(key).holders
    if SealingMode.CLIENT not in policy.sealing_modes:
        faults.append(
            Fault("#", "sealing_mode_not_allowed", "the rules know no sealing by bidders")
        )
    if key.threshold < policy.openers.threshold:
        detail = f"must be at least {policy.openers.threshold}"
        faults.append(Fault("#/threshold", "threshold_too_low", detail))
    if len(holders) < policy.openers.count:
        detail = f"must be at least {policy.openers.count}"
        faults.append(Fault("#/holders", "holders_too_few", detail))
    end = tender.tender_period_end
    if key.opens_at is None or end is None or key.opens_at < end:
        detail = f"the {key.kind} envelopes must not open before tender_period_end"
        faults.append(Fault("#/opens_at", "opens_too_early", detail))
    return faults


def _log(session: Session, key: OpenerKey, action: str, actor: str) -> None:
    audit.record(
        session,
        f"organisation:{key.org_id.hex}",
        action,
        actor=actor,
        org_id=key.org_id,
        change={"key": ids.show("openerkey", key.id), "recipient": key.recipient},
    )
