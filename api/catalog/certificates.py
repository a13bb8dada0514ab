"""What can be done with certificates. Never commits: the caller owns the transaction."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog.models import Certificate, Offer, OfferCertificate
from api.catalog.product_schemas import CertificateIn
from api.core import audit, deadlines
from api.core.errors import AlreadyExists, Conflict, NotFound
from api.core.outbox import emit
from api.reference import service as reference
from api.rules.offers import CERTIFICATE, OfferStatus, validity_end
from api.rules.states import IllegalTransition


def create(session: Session, org_id: UUID, actor: str, data: CertificateIn) -> Certificate:
    """Enter a certificate.

    Raises Invalid for an unknown scheme, AlreadyExists when the organisation has its number.
    """
    reference.ensure_certificate_schemes(session, {data.scheme: "#/scheme"})
    known = session.exec(
        select(Certificate.id).where(
            Certificate.org_id == org_id,
            Certificate.scheme == data.scheme,
            Certificate.number == data.number,
        )
    ).one_or_none()
    if known is not None:
        raise AlreadyExists("You have entered this certificate already.")
    certificate = Certificate(org_id=org_id, **data.model_dump())
    session.add(certificate)
    _record(session, certificate, "create", actor)
    _arm(session, certificate.id, org_id, certificate.expires_on)
    return certificate


def get(session: Session, certificate_id: UUID) -> Certificate:
    """A certificate that the caller may see: its own, or one shown for an active offer."""
    certificate = session.get(Certificate, certificate_id)
    if certificate is None:
        raise NotFound
    return certificate


def locked(session: Session, certificate_id: UUID, org_id: UUID | None) -> Certificate:
    """The certificate, locked for a change; only of `org_id`, unless that is None (operator)."""
    query = select(Certificate).where(Certificate.id == certificate_id)
    if org_id is not None:
        query = query.where(Certificate.org_id == org_id)
    certificate = session.exec(query.with_for_update()).one_or_none()
    if certificate is None:
        raise NotFound
    return certificate


def verify(session: Session, certificate: Certificate, actor: str) -> Certificate:
    """Record that the operator has checked the certificate with its issuer."""
    _move(session, certificate, "verify", actor)
    return certificate


def withdraw(session: Session, certificate: Certificate, actor: str) -> Certificate:
    """Take the certificate back; the offers that show it stay, without its weight."""
    _move(session, certificate, "withdraw", actor)
    deadlines.disarm(session, "certificate.expired", certificate.id)
    return certificate


def announce(session: Session, certificate_id: UUID) -> None:
    """Tell of every active offer that shows the certificate: what it proves has changed."""
    offers = session.exec(
        select(Offer)
        .join(OfferCertificate, col(OfferCertificate.offer_id) == Offer.id)
        .where(
            OfferCertificate.certificate_id == certificate_id, Offer.status == OfferStatus.ACTIVE
        )
    ).all()
    for offer in offers:
        emit(session, "offer.changed", offer.id, org_id=offer.seller_id, fields=["certificates"])


def by_number(
    session: Session, org_id: UUID, numbers: Collection[str]
) -> dict[str, list[Certificate]]:
    """The organisation's certificates with these numbers; withdrawn ones are left out."""
    if not numbers:
        return {}
    found: dict[str, list[Certificate]] = {}
    rows = session.exec(
        select(Certificate).where(
            Certificate.org_id == org_id,
            col(Certificate.number).in_(numbers),
            col(Certificate.status).in_(CERTIFICATE.actions["withdraw"][0]),
        )
    ).all()
    for certificate in rows:
        found.setdefault(certificate.number, []).append(certificate)
    return found


def own(org_id: UUID) -> SelectOfScalar[Certificate]:
    """Query of the organisation's own certificates."""
    return select(Certificate).where(Certificate.org_id == org_id)


def _arm(session: Session, certificate_id: UUID, org_id: UUID, expires_on: date | None) -> None:
    if expires_on is not None:
        due = validity_end(expires_on)
        deadlines.arm(session, "certificate.expired", certificate_id, due, org_id=org_id)


def _move(session: Session, certificate: Certificate, action: str, actor: str) -> None:
    """The one place that writes `certificate.status`."""
    try:
        certificate.status = CERTIFICATE.apply(action, certificate.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    certificate.version += 1
    _record(session, certificate, action, actor)
    event = f"certificate.{certificate.status}"
    org_id, version = certificate.org_id, certificate.version
    emit(session, event, certificate.id, org_id=org_id, version=version)


def _record(session: Session, certificate: Certificate, action: str, actor: str) -> None:
    audit.record(
        session,
        f"certificate:{certificate.id.hex}",
        action,
        actor=actor,
        org_id=certificate.org_id,
        change={"scheme": certificate.scheme, "number": certificate.number},
    )
