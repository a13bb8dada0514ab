"""Tax numbers of importers, who may be people: encrypted in their rows, found by a blind index.

Never commits: the caller owns the transaction.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from api.core import encryption
from api.procurement.models import BidLot

PURPOSE = "bid_lot.importer_tax_id"


def sealed(row_id: UUID, number: str | None) -> Mapping[str, Any]:
    """The columns of a row of `bid_lot` that hold a number."""
    if number is None:
        return {"importer_tax_id_encrypted": None, "importer_tax_id_index": None}
    return {
        "importer_tax_id_encrypted": encryption.lock(number, row_id),
        "importer_tax_id_index": encryption.blind_index(number, purpose=PURPOSE),
    }


def tax_id(row: BidLot) -> str | None:
    """The number of a lot's importer in the clear. Raises Undecipherable."""
    if row.importer_tax_id_encrypted is None:
        return row.importer_tax_id
    return encryption.unlock(row.importer_tax_id_encrypted, row.id)


def naming(session: Session, number: str) -> list[BidLot]:
    """The lots of opened bids whose importer has this number, the oldest first."""
    indexes = encryption.blind_indexes(number, purpose=PURPOSE)
    named = or_(
        col(BidLot.importer_tax_id_index).in_(indexes), col(BidLot.importer_tax_id) == number
    )
    return [*session.exec(select(BidLot).where(named).order_by(col(BidLot.id)))]


def renew(session: Session) -> int:
    """Encrypt and index under the present key what is in the clear or under a former one; how many.

    Raises Undecipherable when one is under a key that is not configured.
    """
    held = or_(
        col(BidLot.importer_tax_id_encrypted).is_not(None), col(BidLot.importer_tax_id).is_not(None)
    )
    count = 0
    for row in session.exec(select(BidLot).where(held).order_by(col(BidLot.id)).with_for_update()):
        stored = row.importer_tax_id_encrypted
        if stored is not None and encryption.is_current(stored.decode()):
            continue
        for name, value in sealed(row.id, tax_id(row)).items():
            setattr(row, name, value)
        row.importer_tax_id = None
        session.add(row)
        count += 1
    session.flush()
    return count
