"""What can be done with certificates. Never commits: the caller owns the transaction."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import BinaryIO, NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog.models import (
    Certificate,
    CertificateEdition,
    Offer,
    OfferCertificate,
    Product,
)
from api.catalog.product_schemas import (
    CertificateFinding,
    CertificateIn,
    CertificateRenewalIn,
)
from api.core import audit, db, deadlines, rows
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.files import service as files
from api.core.files.models import File
from api.core.outbox import emit
from api.identity.models import Organisation
from api.onboarding import names
from api.reference import packages
from api.reference import service as reference
from api.rules import expiry
from api.rules.certificates import RenewalFault, Span, not_about, renewal_fault
from api.rules.clock import local_date
from api.rules.offers import CERTIFICATE, CertificateStatus, OfferStatus, validity_end
from api.rules.states import IllegalTransition

NOTICE_DUE = "certificate.notice_due"
_NEVER_SILENTLY = frozenset(
    {
        CertificateFinding.DATES_DIFFER,
        CertificateFinding.HOLDER_DIFFERS,
        CertificateFinding.NOT_FOR_GOODS,
    }
)
"""What a verifier must name to verify in spite of it."""
_OF_AN_EDITION = {
    "org_id",
    "issued_by",
    "valid_from",
    "expires_on",
    "registry_url",
    "document_sha256",
    "file_id",
    "file_name",
    "status",
    "entered_by",
    "verified_by",
    "verified_at",
}


class CertificateContradicts(AlreadyExists):
    """You have entered the number already, with other days or another issuer: one of them is wrong."""

    code, title = "certificate_contradicts", "The number was entered with other dates"


class CertificateDoubtful(Conflict):
    """Something speaks against the certificate that the verifier has not named."""

    code, title = "certificate_doubtful", "The certificate has contradictions"


class VerifiedAlone(Conflict):
    """Who has entered a certificate does not verify it."""

    code, title = "verified_alone", "Another person must verify the certificate"


class Finding(NamedTuple):
    """Something to look at before a certificate is verified."""

    code: CertificateFinding
    detail: str

    @property
    def must_be_named(self) -> bool:
        """True for what nobody may pass over in silence."""
        return self.code in _NEVER_SILENTLY


def create(session: Session, org_id: UUID, actor: str, data: CertificateIn) -> Certificate:
    """Enter a certificate.

    Raises Invalid for an unknown scheme, AlreadyExists when the organisation has its number, and
    CertificateContradicts when it has it with other days or another issuer.
    """
    reference.ensure_certificate_schemes(session, {data.scheme: "#/scheme"})
    known = session.exec(
        select(Certificate).where(
            Certificate.org_id == org_id,
            Certificate.scheme == data.scheme,
            Certificate.number == data.number,
        )
    ).one_or_none()
    if known is not None:
        entered = (known.issued_by, known.valid_from, known.expires_on)
        if entered != (data.issued_by, data.valid_from, data.expires_on):
            raise CertificateContradicts(
                f"You have entered it as of {known.issued_by}, {_span(known)}; what its issuer has"
                " renewed under its number is told by its renewal."
            )
        raise AlreadyExists("You have entered this certificate already.")
    certificate = Certificate(org_id=org_id, entered_by=actor, **data.model_dump())
    if data.expires_on is not None:
        certificate.told = expiry.passed_at(data.expires_on, local_date(db.now(session)))
    session.add(certificate)
    _record(session, certificate, "create", actor)
    _arm(session, certificate)
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


def verify(
    session: Session,
    certificate: Certificate,
    actor: str,
    despite: Collection[CertificateFinding] = (),
) -> Certificate:
    """Record that the operator has checked the certificate with its issuer.

    Raises VerifiedAlone, CertificateDoubtful for a contradiction that `despite` does not name,
    FileWithheld while its document is not cleared, and Conflict.
    """
    if certificate.entered_by == actor:
        raise VerifiedAlone
    if certificate.file_id is not None:
        files.require_given(session.get_one(File, certificate.file_id))
    open_ = [f for f in findings(session, certificate) if f.must_be_named and f.code not in despite]
    if open_:
        raise CertificateDoubtful(" ".join(each.detail for each in open_))
    certificate.verified_by, certificate.verified_at = actor, db.now(session)
    _move(session, certificate, "verify", actor)
    return certificate


def findings(session: Session, certificate: Certificate) -> list[Finding]:
    """What speaks against a certificate, for the operator, who sees those of everybody. Names are
    compared across scripts, and none of this refuses it by itself."""
    found = []
    same = select(Certificate).where(
        Certificate.scheme == certificate.scheme,
        Certificate.number == certificate.number,
        Certificate.id != certificate.id,
        col(Certificate.status).in_(CERTIFICATE.actions["withdraw"][0]),
    )
    for other in session.exec(same.order_by(col(Certificate.id))):
        if _span(other) != _span(certificate):
            detail = f"Another organisation shows this number with {_span(other)}."
            found.append(Finding(CertificateFinding.DATES_DIFFER, detail))
        if names.against({"": other.issued_by}, certificate.issued_by) is not None:
            detail = f"Another organisation shows it as issued by {other.issued_by}."
            found.append(Finding(CertificateFinding.ISSUER_DIFFERS, detail))
    owner = session.get_one(Organisation, certificate.org_id)
    if certificate.holder_name is not None:
        unlike = names.against(owner.legal_name, certificate.holder_name)
        if unlike is not None:
            detail = f"It was issued to {unlike.one}, unlike {unlike.other}."
            found.append(Finding(CertificateFinding.HOLDER_DIFFERS, detail))
    unlike_goods = not_about(
        packages.certificate_exclusions(), certificate.scheme, _goods(session, certificate)
    )
    if unlike_goods:
        detail = f"{certificate.scheme} is never about goods of {', '.join(unlike_goods)}."
        found.append(Finding(CertificateFinding.NOT_FOR_GOODS, detail))
    if certificate.file_id is None:
        found.append(Finding(CertificateFinding.DOCUMENT_MISSING, "Its document was not uploaded."))
    expires = certificate.expires_on
    if expires is not None and expires < local_date(db.now(session)):
        detail = f"It ran out on {expires.isoformat()}."
        found.append(Finding(CertificateFinding.EXPIRED, detail))
    return found


def attach(
    session: Session, certificate: Certificate, *, actor: str, file: BinaryIO, name: str
) -> Certificate:
    """Keep the document of a claimed certificate. Raises Conflict once it is verified or withdrawn,
    and Invalid for a file that cannot be read, or is not the one whose SHA-256 was stated."""
    if certificate.status is not CertificateStatus.CLAIMED:
        raise Conflict("The certificate is not a claim any more; enter another one.")
    kept = files.receive(session, org_id=certificate.org_id, actor=actor, file=file, name=name)
    if certificate.document_sha256 not in (None, kept.sha256):
        detail = f"Its SHA-256 is {kept.sha256}, not the one that the certificate states."
        raise refused("#/", "digest_differs", detail)
    certificate.file_id, certificate.file_name = kept.id, name
    certificate.document_sha256 = kept.sha256
    certificate.version += 1
    _record(session, certificate, "attach", actor)
    return certificate


def document(session: Session, certificate: Certificate) -> File:
    """The document of a certificate, for its owner and the operator. Raises NotFound, FileWithheld."""
    found = session.get(File, certificate.file_id) if certificate.file_id is not None else None
    if found is None:
        raise NotFound
    files.require_given(found)
    return found


def notify(session: Session, certificate_id: UUID) -> None:
    """Tell once that a certificate runs out in 90, 30 or 7 days; of its end `certificate.expired` tells."""
    certificate = rows.locked(session, Certificate, certificate_id)
    if certificate.expires_on is None or certificate.status is CertificateStatus.WITHDRAWN:
        return
    today = local_date(db.now(session))
    notice = expiry.due(certificate.expires_on, today, certificate.told)
    certificate.told = expiry.passed_at(certificate.expires_on, today)
    _arm_notice(session, certificate, today)
    if notice:
        emit(
            session,
            "certificate.expires_soon",
            certificate.id,
            org_id=certificate.org_id,
            expires_on=certificate.expires_on.isoformat(),
            days_left=expiry.days_left(certificate.expires_on, today),
        )


def withdraw(session: Session, certificate: Certificate, actor: str) -> Certificate:
    """Take the certificate back; the offers that show it stay, without its weight."""
    _move(session, certificate, "withdraw", actor)
    deadlines.disarm(session, "certificate.expired", certificate.id)
    deadlines.disarm(session, NOTICE_DUE, certificate.id)
    return certificate


def renew(
    session: Session, certificate: Certificate, actor: str, data: CertificateRenewalIn
) -> Certificate:
    """The issuer has renewed the locked certificate under its number: what it said before is kept as
    an edition, and what it says now is a claim until somebody verifies it.

    Raises Invalid (`never_ends`, `not_later`, `not_begun`), and Conflict once it is withdrawn.
    """
    today = local_date(db.now(session))
    former = Span(certificate.valid_from, certificate.expires_on)
    fault = renewal_fault(former, Span(data.valid_from, data.expires_on), today)
    if fault is not None:
        detail = f"It is no renewal of one that holds {_span(certificate)}."
        pointer = "valid_from" if fault is RenewalFault.NOT_BEGUN else "expires_on"
        raise refused(f"#/{pointer}", fault.value, detail)
    edition = CertificateEdition(
        certificate_id=certificate.id,
        renewed_by=actor,
        **certificate.model_dump(include=_OF_AN_EDITION),
    )
    _move(session, certificate, "renew", actor)
    session.add(edition)
    for name, value in data.model_dump().items():
        setattr(certificate, name, value)
    certificate.entered_by, certificate.file_id, certificate.file_name = actor, None, None
    certificate.verified_by = certificate.verified_at = None
    certificate.told = []
    deadlines.disarm(session, "certificate.expired", certificate.id)
    deadlines.disarm(session, NOTICE_DUE, certificate.id)
    session.flush()
    if data.expires_on is not None:
        certificate.told = expiry.passed_at(data.expires_on, today)
        _arm(session, certificate)
    return certificate


def editions(session: Session, certificate: Certificate) -> Sequence[CertificateEdition]:
    """What the certificate said before it was renewed, for its owner and the operator; the latest
    first."""
    query = select(CertificateEdition).where(CertificateEdition.certificate_id == certificate.id)
    return session.exec(query.order_by(col(CertificateEdition.id).desc())).all()


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
    held = session.exec(
        select(Certificate).where(
            Certificate.org_id == org_id,
            col(Certificate.number).in_(numbers),
            col(Certificate.status).in_(CERTIFICATE.actions["withdraw"][0]),
        )
    ).all()
    for certificate in held:
        found.setdefault(certificate.number, []).append(certificate)
    return found


def own(org_id: UUID) -> SelectOfScalar[Certificate]:
    """Query of the organisation's own certificates."""
    return select(Certificate).where(Certificate.org_id == org_id)


def _goods(session: Session, certificate: Certificate) -> Collection[str]:
    """The customs codes of what it is shown for."""
    query = (
        select(Product.hs_code)
        .join(Offer, col(Offer.product_id) == Product.id)
        .join(OfferCertificate, col(OfferCertificate.offer_id) == Offer.id)
        .where(OfferCertificate.certificate_id == certificate.id)
        .distinct()
    )
    return [code for code in session.exec(query) if code is not None]


def _arm(session: Session, certificate: Certificate) -> None:
    if certificate.expires_on is not None:
        due, org_id = validity_end(certificate.expires_on), certificate.org_id
        deadlines.arm(session, "certificate.expired", certificate.id, due, org_id=org_id)
        _arm_notice(session, certificate, local_date(db.now(session)))


def _arm_notice(session: Session, certificate: Certificate, today: date) -> None:
    assert certificate.expires_on is not None
    day = expiry.next_day(certificate.expires_on, today)
    if day is not None and day <= certificate.expires_on:
        due, org_id = validity_end(day - timedelta(days=1)), certificate.org_id
        deadlines.arm(session, NOTICE_DUE, certificate.id, due, org_id=org_id)


def _span(certificate: Certificate) -> str:
    begins, ends = certificate.valid_from, certificate.expires_on
    return f"{begins or 'no first day'} to {ends or 'no last day'}"


def _move(session: Session, certificate: Certificate, action: str, actor: str) -> None:
    """The one place that writes `certificate.status`."""
    try:
        certificate.status = CERTIFICATE.apply(action, certificate.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    certificate.version += 1
    _record(session, certificate, action, actor)
    event = f"certificate.{'renewed' if action == 'renew' else certificate.status}"
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
