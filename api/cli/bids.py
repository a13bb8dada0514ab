"""`kerben bid`: what a supplier does on its own machine, without a server or a database."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from uuid_utils import uuid7

from api.cli import sealed_files as files
from api.cli.sealed_files import Fingerprint, KeyFile, told
from api.procurement.sealing import attachments, canonical, envelopes, receipts
from api.procurement.sealing.envelopes import Context, Sealed
from api.procurement.sealing.problems import ContentRefused, SealedBidInvalid
from api.procurement.sealing.receipts import SignedReceipt

app = typer.Typer(help="Sealed bids, offline.", no_args_is_help=True)


@app.command()
def seal(
    content: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A JSON object.")],
    key: KeyFile,
    tenderer: Annotated[str, typer.Option(help="Your organisation, organisation_…")],
    out: Annotated[Path, typer.Option(help="The sealed envelope, for the server.")],
    keep: Annotated[Path, typer.Option(help="What is in it: keep it, and to yourself.")],
    lot: Annotated[str | None, typer.Option(help="The lot that this is for.")] = None,
    id: Annotated[str | None, typer.Option(help="Of the envelope; else a new one.")] = None,
    version: Annotated[int, typer.Option(min=1, help="How often sealed by now.")] = 1,
    also_to: Annotated[list[str] | None, typer.Option(help="Your own key too, age1…")] = None,
    fingerprint: Fingerprint = None,
) -> None:
    """Seal an envelope so that only the openers, together and in time, can read it."""
    with told():
        tender_key = files.read_key(key, fingerprint)
        context = Context.read(
            canonical.dumps(
                {
                    "tender": tender_key.tender,
                    "tenderer": tenderer,
                    "lot": lot,
                    "envelope": tender_key.envelope,
                    "id": id or str(uuid7()),
                    "version": version,
                }
            ),
            refused=ContentRefused,
        )
        closed = envelopes.seal(
            _content(content), context, tender_key.recipient, also_to=also_to or ()
        )
    files.write_private(keep, closed.document)
    files.write_new(out, closed.sealed.canonical())
    typer.echo(f"envelope    {context.id}, version {context.version}")
    typer.echo(f"commitment  {closed.sealed.commitment}")
    typer.echo(f"size        {closed.sealed.size} bytes")
    typer.echo(f"key         {tender_key.sha256()}")


@app.command("seal-document")
def seal_document(
    document: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Any file.")],
    out: Annotated[Path, typer.Option(help="The sealed document, for the server.")],
    keep: Annotated[Path, typer.Option(help="How the envelope names it: to yourself alone.")],
    title: Annotated[str | None, typer.Option(help="Else the name of the file.")] = None,
    id: Annotated[str | None, typer.Option(help="Of the document; else a new one.")] = None,
) -> None:
    """Seal a document with a key of its own, which only the envelope that names it tells.

    What is written to `--keep` goes into `documents` of the content that you seal afterwards.
    """
    name = id or str(uuid7())
    with told(), tempfile.TemporaryFile() as sealed:
        with document.open("rb") as file:
            found = attachments.seal(file, sealed)
        sealed.seek(0)
        files.write_new_file(out, sealed)
    entry = {
        "sha256": found.sha256,
        "title": title or document.name,
        "sealed": {"id": name, "key": found.key, "name": document.name},
    }
    files.write_private(keep, canonical.dumps(entry))
    typer.echo(f"document    {name}")
    typer.echo(f"sha256      {found.sha256}")
    typer.echo(f"ciphertext  {found.ciphertext_sha256}")
    typer.echo(f"size        {found.size} bytes")


@app.command("open-document")
def open_document(
    sealed: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="As sent.")],
    kept: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="What you kept of it.")],
    out: Annotated[Path, typer.Option(help="The document.")],
) -> None:
    """Open a document that you have sealed, to see what was in it."""
    with told(), tempfile.TemporaryFile() as plain:
        entry = _content(kept)
        part = entry.get("sealed")
        if not isinstance(part, dict):
            raise ContentRefused(f"{kept}: names no sealed document")
        with sealed.open("rb") as file:
            attachments.open_document(file, plain, str(part["key"]), str(entry["sha256"]))
        files.write_new_file(out, plain)
    typer.echo(f"The same bytes: {entry['sha256']}")


@app.command("verify-receipt")
def verify_receipt(
    receipt: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="As received.")],
    sealed: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="As sent.")],
    public_key: Annotated[str, typer.Option(help="The installation's, from where you trust it.")],
    document: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="What you kept.")
    ] = None,
) -> None:
    """Check that a receipt is genuine and for this envelope, and with what you kept, its content."""
    with told():
        signed = files.read(SignedReceipt, receipt, refused=SealedBidInvalid)
        envelope = files.read(Sealed, sealed, refused=SealedBidInvalid)
        receipts.verify(signed, public_key)
        said = signed.content
        receipts.check_receipt(said, envelope)
        if document is not None:
            envelopes.check_document(document.read_bytes(), said.commitment, said.context)
    typer.echo(
        f"Received {said.received_at} for {said.context.tender}, sealed by the {said.sealing}."
    )


def _content(path: Path) -> dict[str, object]:
    try:
        found = canonical.loads(path.read_bytes())
    except ValueError as error:
        message = f"{path}: {error}"
    else:
        if isinstance(found, dict):
            return found
        message = f"{path}: must be a JSON object"
    raise ContentRefused(message)
