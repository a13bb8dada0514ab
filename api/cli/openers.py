"""`kerben opener`: what chair, openers and auditor do on their own machines, without a server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import sealed_files as files
from api.cli.sealed_files import Fingerprint, IdentityFile, KeyFile, told
from api.procurement.sealing import ceremony, opening
from api.procurement.sealing.ceremony import Member, Scope
from api.procurement.sealing.documents import instant
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.opening import Session
from api.procurement.sealing.problems import ReleaseMismatch, TenderKeyInvalid
from api.rules.sealing import EnvelopeKind

app = typer.Typer(help="Keys of sealed bids and their opening, offline.", no_args_is_help=True)


@app.command()
def keygen(out: Annotated[Path, typer.Argument(help="A new file; it never leaves you.")]) -> None:
    """Make your own key: the private part into a file, the public part, age1…, on the screen."""
    identity = Identity.generate()
    text = f"# public key: {identity.recipient}\n{identity.reveal()}\n"
    files.write_private(out, text.encode())
    typer.echo(identity.recipient)


@app.command("ceremony")
def perform(
    tender: Annotated[str, typer.Option(help="The tender, as its envelopes name it.")],
    envelope: Annotated[EnvelopeKind, typer.Option(help="Each kind has a key of its own.")],
    opens_at: Annotated[
        datetime,
        typer.Option(help="UTC; shares are not released before.", formats=["%Y-%m-%dT%H:%M:%SZ"]),
    ],
    threshold: Annotated[int, typer.Option(help="How many must open together.")],
    opener: Annotated[list[str], typer.Option(help="NAME=age1…, may be repeated.")],
    auditor: Annotated[list[str], typer.Option(help="NAME=age1…, may be repeated.")],
    out: Annotated[Path, typer.Option(help="tender-key.json, for the server and the holders.")],
) -> None:
    """Make the key of a tender, share it among its holders and forget it."""
    with told():
        members = [_member("opener", each) for each in opener]
        members += [_member("auditor", each) for each in auditor]
        scope = _scope(tender, envelope, opens_at)
        key = ceremony.perform(scope, threshold, members)
    files.write_new(out, key.canonical())
    typer.echo(f"recipient    {key.recipient}")
    typer.echo(f"fingerprint  {key.sha256()}")
    typer.echo(f"{key.threshold} of {len(key.holders)} holders open from {key.opens_at} on.")


@app.command()
def check(key: KeyFile, identity: IdentityFile, fingerprint: Fingerprint = None) -> None:
    """Make sure, before the tender is published, that you can use your share."""
    with told():
        tender_key = files.read_key(key, fingerprint)
        share = ceremony.own_share(files.read_identity(identity), tender_key)
    typer.echo(f"You hold share {share.holder} of {len(tender_key.holders)}.")
    typer.echo(f"fingerprint  {tender_key.sha256()}")


@app.command()
def share(
    key: KeyFile,
    session: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="session.json")],
    identity: IdentityFile,
    out: Annotated[Path, typer.Option(help="Your share, encrypted to the session.")],
    root: Annotated[str, typer.Option(help="The Merkle root as published at the deadline.")],
    fingerprint: Fingerprint = None,
) -> None:
    """Release your share to an opening, once its time has come and the root is published."""
    with told():
        tender_key = files.read_key(key, fingerprint)
        to = files.read(Session, session, refused=TenderKeyInvalid)
        if to.root != root:
            raise ReleaseMismatch(f"The session names the root {to.root}, not the published one")
        mine = files.read_identity(identity)
        released = opening.release(mine, tender_key, to, now=datetime.now(UTC))
    files.write_new(out, released)
    typer.echo(f"Released to session {to.id}.")


def _scope(tender: str, envelope: EnvelopeKind, opens_at: datetime) -> Scope:
    try:
        at = instant(opens_at.replace(tzinfo=UTC))
        return Scope(tender=tender, envelope=envelope, opens_at=at)
    except ValueError:
        pass
    raise TenderKeyInvalid("The tender must be named in 1 to 200 printable characters")


def _member(role: str, text: str) -> Member:
    name, _, recipient = text.partition("=")
    try:
        return Member.model_validate({"name": name, "role": role, "recipient": recipient})
    except ValueError:
        pass
    raise TenderKeyInvalid(f"{name!r}: holders are given as NAME=age1…")
