"""Acts of a party to a procedure that is not its buyer. Never commits.

A reviewer's decision cancels awards, a supplier's refusal passes a lot on: they write to rows of
the buyer, which row-level security lets them do in the one procedure that they have joined.
"""

from uuid import UUID

from sqlmodel import Session

from api.core import db
from api.core.errors import NotFound
from api.procurement.models import Tender
from api.procurement.service import tenders


def hold(session: Session, tender_id: UUID) -> Tender:
    """The tender with its tree, locked; whoever knows the id of a published one may wait for it.

    NotFound. Lets nobody write: see `join`.
    """
    tender = tenders.hold(session, tender_id)
    if tender is None:
        raise NotFound
    return tender


def join(session: Session, tender: Tender) -> None:
    """Let this transaction write to the procedure of the locked tender.

    For callers who have found that whoever asks has a part in it that makes it do so.
    """
    session.flush()
    db.scope(session, process=str(tender.id))
