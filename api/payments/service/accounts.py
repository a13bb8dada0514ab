"""Accounts, which come to be when something is first booked on them."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, or_, select, tuple_

from api.core import bulk
from api.payments.models import LedgerAccount
from api.rules.ledger import CHART, AccountKey, AccountKind

type Parties = Mapping[UUID, Collection[UUID]]
"""By what an account is told apart by (a contract, a bid, an organisation): who may read it."""
_EMPTY = {"debits": 0, "credits": 0, "held": 0, "entries": 0}
NOBODY: Parties = MappingProxyType({})


def key_of(account: LedgerAccount) -> AccountKey:
    """What names the account."""
    return AccountKey(account.kind, account.currency, account.reference)


def require(
    session: Session, keys: Iterable[AccountKey], parties: Parties
) -> dict[AccountKey, UUID]:
    """The ids of the accounts of these keys; those that are not there yet are opened, empty.

    `parties` names who may read an account that is opened; what belongs to no reference is the
    platform's own.
    """
    wanted = set(keys)
    found = _find(session, wanted)
    if missing := sorted(wanted - set(found)):
        rows = [bulk.new_row(**opened(key, parties), **_EMPTY) for key in missing]
        statement = insert(LedgerAccount).on_conflict_do_nothing()
        session.connection().execute(statement, rows)
        found |= _find(session, missing)
    return found


def _find(session: Session, keys: Collection[AccountKey]) -> dict[AccountKey, UUID]:
    columns = col(LedgerAccount.kind), col(LedgerAccount.currency), col(LedgerAccount.reference)
    kind, currency, reference = columns
    own = [(key.kind, key.currency, key.reference) for key in keys if key.reference]
    plain = [(key.kind, key.currency) for key in keys if key.reference is None]
    named = tuple_(*columns).in_(own), reference.is_(None) & tuple_(kind, currency).in_(plain)
    found = session.connection().execute(select(col(LedgerAccount.id), *columns).where(or_(*named)))
    return {AccountKey(AccountKind(row[1]), row[2], row[3]): row[0] for row in found}


def opened(key: AccountKey, parties: Parties) -> dict[str, Any]:
    """An account as it is opened; its parties are None, which no table takes, when nobody named
    them."""
    nature = CHART[key.kind]
    return {
        "kind": key.kind,
        "currency": key.currency,
        "reference": key.reference,
        "parties": _readers(key.reference, parties),
        "normal_side": nature.normal,
        "no_overdraft": nature.no_overdraft,
    }


def _readers(reference: UUID | None, parties: Parties) -> list[UUID] | None:
    if reference is None:
        return []
    return sorted(parties[reference]) if reference in parties else None
