"""Tasks of procurement."""

from uuid import UUID

from sqlmodel import Session

from api.procurement import service as procurement
from api.procurement.service import (
    auctions,
    awards,
    bid_certificates,
    complaints,
    frameworks,
    prequalification,
    sealed_documents,
)
from workers.app import task


@task("procurement.close_tender")
def close_tender(session: Session, resource_id: str) -> None:
    """The period of a tender may have ended."""
    procurement.close_due(session, UUID(hex=resource_id))


@task("procurement.close_prequalification")
def close_prequalification(session: Session, resource_id: str) -> None:
    """The time to apply may be over."""
    prequalification.close_due(session, UUID(hex=resource_id))


@task("procurement.invite_candidates")
def invite_candidates(session: Session, resource_id: str) -> None:
    """Results of a prequalification may no longer be complained about."""
    prequalification.invite_due(session, UUID(hex=resource_id))


@task("procurement.end_auction")
def end_auction(session: Session, resource_id: str) -> None:
    """The time of an auction may have come."""
    auctions.end_due(session, UUID(hex=resource_id))


@task("procurement.ask_confirmation")
def ask_confirmation(session: Session, resource_id: str) -> None:
    """A tender was amended: bids that came before a material change wait for confirmation."""
    procurement.ask_confirmation(session, UUID(hex=resource_id))


@task("procurement.open_bids")
def open_bids(session: Session, resource_id: str) -> None:
    """An opening has its shares."""
    procurement.open_ready(session, UUID(hex=resource_id))


@task("procurement.open_documents")
def open_documents(session: Session, resource_id: str) -> None:
    """A bid was opened that has sealed documents beside its envelope."""
    sealed_documents.open_due(session, UUID(hex=resource_id))


@task("procurement.activate_cancellation")
def activate_cancellation(session: Session, resource_id: str) -> None:
    """The time to complain about a cancellation may have ended."""
    procurement.activate_due(session, UUID(hex=resource_id))


@task("procurement.conclude_lot")
def conclude_lot(session: Session, resource_id: str) -> None:
    """The standstill of an award is over: if nothing is left to decide, its lot ends."""
    awards.conclude_due(session, UUID(hex=resource_id))


@task("procurement.discard_complaint")
def discard_complaint(session: Session, resource_id: str) -> None:
    """The window of a complaint that was only drafted is over."""
    complaints.discard_due(session, UUID(hex=resource_id))


@task("procurement.mark_complaint_overdue")
def mark_complaint_overdue(session: Session, resource_id: str) -> None:
    """The review of a complaint may not have ended in time."""
    complaints.mark_overdue(session, UUID(hex=resource_id))


@task("procurement.expire_framework")
def expire_framework(session: Session, resource_id: str) -> None:
    """The period of a framework agreement may have ended."""
    frameworks.expire_due(session, UUID(hex=resource_id))


@task("procurement.suspend_debarred")
def suspend_debarred(session: Session, resource_id: str) -> None:
    """An organisation may have been debarred: it is suspended wherever it is agreed with."""
    frameworks.suspend_debarred(session, UUID(hex=resource_id))


@task("procurement.flag_certificate")
def flag_certificate(session: Session, resource_id: str) -> None:
    """A certificate has run out that opened bids may rest on."""
    bid_certificates.announce(session, UUID(hex=resource_id))
