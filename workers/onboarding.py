"""Tasks of onboarding."""

from uuid import UUID

from sqlmodel import Session

from api.onboarding import evidence
from workers.app import task


@task("onboarding.notify_evidence")
def notify_evidence(session: Session, resource_id: str) -> None:
    """Tell that accepted evidence runs out, or has."""
    evidence.notify(session, UUID(hex=resource_id))
