"""Second factors by key (WebAuthn): registering, showing and removing passkeys."""

from typing import Annotated, Any

from api.core.errors import AlreadyExists, Conflict
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.models import LoginSession, Passkey
from api.identity.router.account import counted, proven
from api.identity.schemas.accounts import SessionOut
from api.identity.schemas.passkeys import AssertionIn, PasskeyId, PasskeyIn, PasskeyOut
from api.identity.service import (
    AttemptFailed,
    PersonRequired,
    SecondFactorRequired,
    TooManyAttempts,
    passkeys,
)

router = access.router("", "account")
Own = Annotated[Context, require("account:write")]
_FRESH = documented(SecondFactorRequired, PersonRequired, Conflict)


@router.get(
    "/account/passkeys", response_model=Page[PasskeyOut], responses=documented(PersonRequired)
)
def list_passkeys(ctx: Own) -> Page[Any]:
    """Your passkeys."""
    rows = passkeys.of_person(ctx.session, ctx.caller.person.person_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post("/account/passkeys/begin", response_model=dict[str, Any], responses=_FRESH)
def begin_passkey(ctx: Own) -> dict[str, Any]:
    """Options for `navigator.credentials.create`, in the JSON of WebAuthn level 3."""
    return passkeys.begin_registration(ctx.session, ctx.caller.person)


@router.post(
    "/account/passkeys",
    status_code=201,
    response_model=PasskeyOut,
    responses=documented(AttemptFailed, SecondFactorRequired, PersonRequired, AlreadyExists),
)
def register_passkey(data: PasskeyIn, ctx: Own) -> Passkey:
    """Take the key into use that the browser made; it is your second factor in this session."""
    return passkeys.register(
        ctx.session,
        ctx.caller.person,
        org_id=ctx.org_id,
        name=data.name,
        credential=data.credential,
    )


@router.post("/account/passkeys/{passkey_id}/remove", status_code=204, responses=_FRESH)
def remove_passkey(passkey_id: PasskeyId, ctx: Own) -> None:
    """Take a key out of use; you show a second factor first."""
    passkeys.remove(ctx.session, ctx.caller.person, org_id=ctx.org_id, passkey_id=passkey_id)


@router.post(
    "/session/passkey/begin",
    response_model=dict[str, Any],
    responses=documented(PersonRequired, Conflict),
)
def begin_assertion(ctx: Own) -> dict[str, Any]:
    """Options for `navigator.credentials.get`."""
    return passkeys.begin_verification(ctx.session, ctx.caller.person)


@router.post(
    "/session/verify-passkey",
    response_model=SessionOut,
    responses=documented(AttemptFailed, TooManyAttempts, PersonRequired),
)
def verify_passkey(data: AssertionIn, ctx: Own) -> LoginSession:
    """Show your second factor: what the key answered to the challenge."""
    counted(ctx)
    passkeys.verify(ctx.session, ctx.caller.person, credential=data.credential)
    return proven(ctx)
