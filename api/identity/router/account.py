"""What a person does with their own account: sessions, password, second factors."""

from typing import Annotated, Any

from fastapi import Response

from api.core.errors import Conflict
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, credentials
from api.identity.access import Context, require
from api.identity.models import LoginSession, Member
from api.identity.schemas.accounts import (
    AccountOut,
    CodeIn,
    EndedOut,
    JoinAsIn,
    MembershipOut,
    PasswordIn,
    RecoveryCodesOut,
    SessionId,
    SessionOut,
    SwitchIn,
    TotpOut,
)
from api.identity.service import (
    AttemptFailed,
    PersonRequired,
    SecondFactorRequired,
    TooManyAttempts,
    accounts,
    factors,
    sessions,
    throttle,
)
from api.identity.service.sessions import NoMembership

router = access.router("", "account")
Own = Annotated[Context, require("account:write")]
_PERSON = documented(PersonRequired)
_PROVEN = documented(AttemptFailed, TooManyAttempts, PersonRequired)
_FRESH = documented(SecondFactorRequired, PersonRequired, Conflict)


@router.get("/session", response_model=AccountOut, responses=_PERSON)
def get(ctx: Own) -> AccountOut:
    """Who you are, for whom you act and what you may do; with the CSRF token of the session."""
    visit = ctx.caller.person
    person = accounts.get(ctx.session, visit.person_id)
    rows = sessions.memberships(ctx.session, visit.person_id)
    ctx.headers["Cache-Control"] = "no-store"
    return AccountOut(
        person_id=person.id,
        name=person.name,
        email=person.email,
        member_id=visit.member_id,
        org_id=ctx.org_id,
        role=visit.role,
        scopes=sorted(ctx.caller.scopes),
        memberships=[MembershipOut.model_validate(row) for row in rows],
        has_second_factor=factors.has_any(ctx.session, person),
        second_factor_at=visit.second_factor_at,
        csrf_token=credentials.csrf_token(ctx.token),
    )


@router.post(
    "/session/switch", response_model=SessionOut, responses=documented(NoMembership, PersonRequired)
)
def switch(data: SwitchIn, ctx: Own) -> LoginSession:
    """Act for another of your organisations, in this session and from the next request on."""
    return sessions.switch(ctx.session, ctx.caller.person, data.organisation_id)


@router.post("/session/log-out", status_code=204, responses=_PERSON)
def log_out(ctx: Own) -> Response:
    """End this session."""
    visit = ctx.caller.person
    sessions.revoke(ctx.session, visit, visit.session_id)
    answer = Response(status_code=204)
    answer.delete_cookie(access.cookie_name(), path="/")
    return answer


@router.post("/session/verify-code", response_model=SessionOut, responses=_PROVEN)
def verify_code(data: CodeIn, ctx: Own) -> LoginSession:
    """Show your second factor: a code of the authenticator app, or a recovery code."""
    visit = ctx.caller.person
    counted(ctx)
    factors.verify_code(ctx.session, visit, org_id=ctx.org_id, code=data.code)
    return proven(ctx)


@router.get("/sessions", response_model=Page[SessionOut], responses=_PERSON)
def list_sessions(ctx: Own) -> Page[Any]:
    """Your sessions that are not over, newest first."""
    rows = sessions.live_of(ctx.session, ctx.caller.person.person_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post("/sessions/{session_id}/revoke", response_model=SessionOut, responses=_PERSON)
def revoke_session(session_id: SessionId, ctx: Own) -> LoginSession:
    """End one of your sessions; its next request is refused."""
    return sessions.revoke(ctx.session, ctx.caller.person, session_id)


@router.post("/sessions/revoke-others", response_model=EndedOut, responses=_PERSON)
def revoke_others(ctx: Own) -> EndedOut:
    """End all your sessions but this one."""
    visit = ctx.caller.person
    ended = sessions.revoke_of_person(ctx.session, visit.person_id, but=visit.session_id)
    sessions.note(ctx.session, visit.person_id, ctx.org_id, "log_out_elsewhere", sessions=ended)
    return EndedOut(ended=ended)


@router.post("/account/join", response_model=MembershipOut, responses=_PERSON)
def join(data: JoinAsIn, ctx: Own) -> Member:
    """Join another organisation, which has invited you, with the account you are logged in with."""
    return accounts.join_as(ctx.session, ctx.caller.person, org_id=ctx.org_id, token=data.token)


@router.post("/account/change-password", status_code=204, responses=_PROVEN)
def change_password(data: PasswordIn, ctx: Own) -> None:
    """Choose another password; your other sessions end."""
    visit = ctx.caller.person
    counted(ctx)
    accounts.change_password(
        ctx.session, visit, org_id=ctx.org_id, old=data.old_password, new=data.password
    )
    throttle.succeeded(ctx.session, _account(ctx), ctx.ip)


@router.post("/account/totp", status_code=201, response_model=TotpOut, responses=_FRESH)
def enrol_totp(ctx: Own) -> factors.Enrolment:
    """A secret for an authenticator app; it counts once a code of it is confirmed."""
    ctx.headers["Cache-Control"] = "no-store"
    return factors.enrol_totp(ctx.session, ctx.caller.person)


@router.post(
    "/account/totp/confirm",
    response_model=RecoveryCodesOut,
    responses=documented(AttemptFailed, TooManyAttempts, PersonRequired, Conflict),
)
def confirm_totp(data: CodeIn, ctx: Own) -> RecoveryCodesOut:
    """Take the app into use by its first code, which is your second factor in this session too."""
    visit = ctx.caller.person
    counted(ctx)
    codes = factors.confirm_totp(ctx.session, visit, org_id=ctx.org_id, code=data.code)
    throttle.succeeded(ctx.session, _account(ctx), ctx.ip)
    ctx.headers["Cache-Control"] = "no-store"
    return RecoveryCodesOut(recovery_codes=codes)


@router.post("/account/totp/remove", status_code=204, responses=_FRESH)
def remove_totp(ctx: Own) -> None:
    """Take the authenticator app out of use; you show a second factor first."""
    factors.remove_totp(ctx.session, ctx.caller.person, org_id=ctx.org_id)


@router.post("/account/recovery-codes", response_model=RecoveryCodesOut, responses=_FRESH)
def renew_recovery_codes(ctx: Own) -> RecoveryCodesOut:
    """Ten new recovery codes; all earlier ones are void. You show a second factor first."""
    visit = ctx.caller.person
    visit.require_second_factor()
    person = accounts.get(ctx.session, visit.person_id)
    codes = factors.new_recovery_codes(ctx.session, person)
    sessions.note(ctx.session, person.id, ctx.org_id, "renew_recovery_codes")
    ctx.headers["Cache-Control"] = "no-store"
    return RecoveryCodesOut(recovery_codes=codes)


def counted(ctx: Context) -> None:
    """Count an attempt to show a factor, until `proven` says that it was right."""
    throttle.begin(ctx.session, _account(ctx), ctx.ip)


def proven(ctx: Context) -> LoginSession:
    """The session with its fresh second factor; the failures before are forgotten."""
    throttle.succeeded(ctx.session, _account(ctx), ctx.ip)
    return sessions.current(ctx.session, ctx.caller.person)


def _account(ctx: Context) -> str:
    return ctx.actor
