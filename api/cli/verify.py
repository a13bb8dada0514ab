"""Checks that need neither the service nor its database: `kerben verify`."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.console import Console

from api.audit import verification
from api.contracts.penalty import verification as penalties
from api.core import signing
from api.delivery.landed_cost import verification as landed_costs
from api.payments.due import verification as payments
from api.procurement.evaluation import auction_logs
from api.procurement.evaluation import verification as evaluations
from api.procurement.evaluation.recomputing import Finding

app = typer.Typer(help="Check what the service has given out, offline.", no_args_is_help=True)
console = Console()
_File = typer.Argument(exists=True, dir_okay=False)


@app.command()
def audit(
    file: Annotated[Path, _File],
    head: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The head as it was published elsewhere."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="Public key: base64, or a file (PEM, or JSON of /public/audit/keys)."),
    ] = None,
) -> None:
    """Check an export of the audit log; the first entry that is wrong is named. Exit code 1 then."""
    export = _read(file)
    keys = None if key is None else _keys(key)
    found = verification.first_finding(export, keys=keys, head=head and _read(head))
    if found:
        where = "" if found.seq is None else f"entry {found.seq}: "
        console.print(f"{where}{found.what}: {found.detail}", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    said, log = export["statement"]["content"], export["head"]["content"]
    console.print(
        f"{said['stream']}: {said['entries']} entries hold, {said['proven']} of them in the log of"
        f" head {log['number']}.",
        markup=False,
        soft_wrap=True,
    )
    if keys is None:
        console.print("Not checked: the signatures. Give --key, from a source that you trust.")


@app.command()
def evaluation(
    file: Annotated[Path, _File],
    sha256: Annotated[
        str | None, typer.Option(help="The file's hash as it was published elsewhere.")
    ] = None,
) -> None:
    """Recompute the ranking of a lot from its evaluation file alone. All that differs is named by
    its JSON Pointer. Exit code 1 then."""
    text = file.read_bytes()
    _tell(evaluations.check(text, sha256=sha256))
    said = evaluations.summary(text)
    console.print(
        f"{said.ocid}, {said.lot}: {len(said.ranking)} ranked bids, recomputed alike."
        f" SHA-256 {said.sha256}",
        markup=False,
        soft_wrap=True,
        highlight=False,
    )
    for rank, bid in enumerate(said.ranking, start=1):
        console.print(f"{rank}. {bid}", markup=False, soft_wrap=True, highlight=False)
    if sha256 is None:
        console.print("Not checked: whether this is the file as published. Give --sha256.")


@app.command()
def auction(
    file: Annotated[Path, _File],
    evaluation: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The lot's evaluation file names the log."),
    ] = None,
) -> None:
    """Replay a reverse auction from the log that the service gave out. All that differs is named by
    its JSON Pointer. Exit code 1 then."""
    text = file.read_bytes()
    named = evaluation and evaluation.read_bytes()
    _tell(auction_logs.check(text, evaluation=named or None))
    said = auction_logs.read(text)
    console.print(
        f"{said.tender}, {said.lot_id}: {len(said.prices)} prices, replayed alike."
        f" Head {said.head_sha256}",
        markup=False,
        soft_wrap=True,
        highlight=False,
    )
    for place in said.ranking:
        told = f"{place.place}. {place.bid_id} {place.amount} {said.currency}"
        console.print(told, markup=False, soft_wrap=True, highlight=False)
    if evaluation is None:
        console.print("Not checked: whether this is the log that was evaluated. Give --evaluation.")


@app.command()
def penalty(
    file: Annotated[Path, _File],
    sha256: Annotated[
        str | None, typer.Option(help="The file's hash as it stands in the claim.")
    ] = None,
) -> None:
    """Recompute liquidated damages from their file alone. All that differs is named by its JSON
    Pointer. Exit code 1 then."""
    text = file.read_bytes()
    _tell(penalties.check(text, sha256=sha256))
    said = penalties.summary(text)
    lines = [
        f"{said.contract}: {said.total} {said.currency}, recomputed alike. SHA-256 {said.sha256}",
        *(f"{row}: {amount} {said.currency}" for row, amount in said.rows),
    ]
    if not said.reviewed:
        lines.append("Not reviewed: nobody has read the rate and the cap in their source yet.")
    if sha256 is None:
        lines.append("Not checked: whether this is the file of the claim. Give --sha256.")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True, highlight=False)


@app.command()
def payment(
    file: Annotated[Path, _File],
    sha256: Annotated[
        str | None, typer.Option(help="The file's hash as it stands in the payment.")
    ] = None,
) -> None:
    """Recompute a payment of a contract from its file alone. All that differs is named by its JSON
    Pointer. Exit code 1 then."""
    text = file.read_bytes()
    _tell(payments.check(text, sha256=sha256))
    said = payments.summary(text)
    about = f"{said.contract}, milestone {said.number} ({said.kind})"
    lines = [
        f"{about}: recomputed alike. SHA-256 {said.sha256}",
        *(f"{name}: {amount} {said.currency}" for name, amount in said.figures),
    ]
    if sha256 is None:
        lines.append("Not checked: whether this is the file of the payment. Give --sha256.")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True, highlight=False)


@app.command("landed-cost")
def landed_cost(
    file: Annotated[Path, _File],
    sha256: Annotated[
        str | None, typer.Option(help="The file's hash as it was given out elsewhere.")
    ] = None,
) -> None:
    """Recompute a landed cost from its file alone. All that differs is named by its JSON Pointer.
    Exit code 1 then."""
    text = file.read_bytes()
    _tell(landed_costs.check(text, sha256=sha256))
    said = landed_costs.summary(text)
    net = "unknown" if said.total_net is None else said.total_net
    console.print(
        f"{said.subject}, {said.incoterm}, {said.route or 'no route'}: {said.total_gross}"
        f" {said.currency}, net of VAT {net}, recomputed alike. SHA-256 {said.sha256}",
        markup=False,
        soft_wrap=True,
        highlight=False,
    )
    if sha256 is None:
        console.print("Not checked: whether this is the file as given out. Give --sha256.")


def _tell(found: Sequence[Finding]) -> None:
    """Print what is wrong, if anything is, and end with exit code 1 then."""
    for each in found:
        console.print(
            f"{each.pointer}: {each.what}: {each.detail}",
            markup=False,
            soft_wrap=True,
            highlight=False,
        )
    if found:
        raise typer.Exit(1)


def _read(path: Path) -> Any:
    try:
        return verification.load(path.read_text(encoding="utf-8"))
    except ValueError as error:
        console.print(f"{path}: unreadable: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _keys(given: str) -> dict[str, str]:
    """Keys by id, from base64 or from a file."""
    path = Path(given)
    try:
        if not path.is_file():
            raw = Ed25519PublicKey.from_public_bytes(base64.b64decode(given, validate=True))
            return verification.key_by_id(signing.public_key(raw))
        text = path.read_text(encoding="utf-8")
        if not text.startswith("-----"):
            return verification.keys(verification.load(text))
        pem = serialization.load_pem_public_key(text.encode())
        if isinstance(pem, Ed25519PublicKey):
            return verification.key_by_id(signing.public_key(pem))
    except (ValueError, KeyError, TypeError, OSError):
        pass
    raise typer.BadParameter("no Ed25519 public key", param_hint="--key")


app.callback()(lambda: None)
