"""OpenID providers and the people they vouch for. Never commits: the caller owns the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, or_, select

from api.core import audit, db, encryption
from api.core.errors import Forbidden, NotFound, Unauthorized
from api.identity.models import FederatedIdentity, IdentityProvider, LoginMethod, Member, Person
from api.identity.oidc import Claims, Provider
from api.identity.schemas.providers import ProviderIn
from api.identity.service import accounts, sessions
from api.identity.service.callers import Caller
from api.identity.service.sessions import Begun, Device
from api.rules.clock import utcnow
from api.rules.permissions import OrgRole


class AccountUnknown(Forbidden):
    """The provider vouches for somebody whom no organisation has entered as a member."""

    code, title = "account_unknown", "No organisation has entered you as a member"


def create(session: Session, *, caller: Caller, data: ProviderIn) -> IdentityProvider:
    """Trust a provider with the members of one's organisation or, as the operator, with everybody.

    Raises Forbidden for who is not the operator, AlreadyExists (by constraint).
    """
    if data.installation and OrgRole.OPERATOR not in caller.org_roles:
        raise Forbidden("Only the operator enters a provider for every organisation.")
    row = IdentityProvider(
        org_id=None if data.installation else caller.org_id,
        **data.model_dump(exclude={"installation", "client_secret"}),
    )
    if data.client_secret:
        row.client_secret = encryption.lock(data.client_secret, row.id)
    session.add(row)
    session.flush()
    _log(session, row, "create_identity_provider", caller)
    return row


def disable(session: Session, *, caller: Caller, provider_id: UUID) -> IdentityProvider:
    """Let nobody log in by a provider any more; sessions that have begun go on."""
    query = select(IdentityProvider).where(IdentityProvider.id == provider_id).with_for_update()
    row = session.exec(query).one_or_none()
    own = row is not None and row.org_id == caller.org_id
    shared = row is not None and row.org_id is None and OrgRole.OPERATOR in caller.org_roles
    if row is None or not (own or shared):
        raise NotFound
    if row.disabled_at is None:
        row.disabled_at = utcnow()
        _log(session, row, "disable_identity_provider", caller)
    return row


def list_providers(session: Session, org_id: UUID) -> Sequence[IdentityProvider]:
    """The organisation's own providers and those of the installation, disabled ones included."""
    query = select(IdentityProvider).where(
        or_(IdentityProvider.org_id == org_id, col(IdentityProvider.org_id).is_(None))
    )
    return session.exec(query.order_by(col(IdentityProvider.id))).all()


def offered(session: Session, org_id: UUID | None) -> Sequence[IdentityProvider]:
    """The providers that a login page shows: of the installation, and of the one organisation."""
    query = select(IdentityProvider).where(
        or_(IdentityProvider.org_id == org_id, col(IdentityProvider.org_id).is_(None)),
        col(IdentityProvider.disabled_at).is_(None),
    )
    return session.exec(query.order_by(col(IdentityProvider.id))).all()


def find(session: Session, provider_id: UUID) -> IdentityProvider:
    """A provider that people may log in by; NotFound."""
    row = session.get(IdentityProvider, provider_id)
    if row is None or row.disabled_at is not None:
        raise NotFound
    return row


def described(row: IdentityProvider) -> Provider:
    """A provider as the protocol needs it."""
    secret = None
    if row.client_secret:
        secret = encryption.unlock(row.client_secret, row.id)
    return Provider(row.issuer, row.client_id, secret)


def log_in(session: Session, row: IdentityProvider, claims: Claims, device: Device) -> Begun:
    """Begin a session for whom a provider vouches.

    The first time, it is whoever the organisation (or, for the installation's provider, any) has
    entered with the address that the provider has verified, if nobody has an account with it: an
    address alone opens no account that is there already. Raises AccountUnknown, AccountExists,
    NoMembership, Unauthorized for a disabled account.
    """
    person = _known(session, claims) or _enrolled(session, row, claims)
    if person.disabled_at is not None:
        raise Unauthorized("The account is disabled.")
    vouched = set(row.second_factor_amr) & set(claims.amr)
    return sessions.begin(
        session,
        person,
        method=LoginMethod.OIDC,
        device=device,
        org_id=row.org_id,
        confined=row.org_id is not None,
        second_factor_at=claims.authenticated_at if vouched else None,
    )


def _known(session: Session, claims: Claims) -> Person | None:
    db.scope(session, proof=f"{claims.iss} {claims.sub}")
    found = session.exec(
        select(FederatedIdentity).where(
            FederatedIdentity.issuer == claims.iss, FederatedIdentity.subject == claims.sub
        )
    ).one_or_none()
    return None if found is None else accounts.get(session, found.person_id)


def _enrolled(session: Session, row: IdentityProvider, claims: Claims) -> Person:
    email = (claims.email or "").lower()
    if not email or not claims.email_verified:
        raise AccountUnknown("The OpenID provider has not verified an e-mail address.")
    if accounts.find(session, email).person_id is not None:
        raise accounts.AccountExists
    query = select(Member).where(
        Member.email == email,
        col(Member.person_id).is_(None),
        col(Member.removed_at).is_(None),
    )
    if row.org_id is not None:
        query = query.where(Member.org_id == row.org_id)
    members = list(session.exec(query.order_by(col(Member.id))).all())
    if not members:
        raise AccountUnknown
    person = accounts.enrol(session, members)
    session.add(FederatedIdentity(person_id=person.id, issuer=claims.iss, subject=claims.sub))
    session.flush()
    return person


def _log(session: Session, row: IdentityProvider, action: str, caller: Caller) -> None:
    audit.record(
        session,
        f"organisation:{caller.org_id.hex}",
        action,
        actor=caller.actor,
        org_id=caller.org_id,
        change={"provider": row.id.hex, "issuer": row.issuer, "all": row.org_id is None},
    )
