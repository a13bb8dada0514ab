"""Files of sealed bids on the machine of a supplier or an opener: private ones are made so."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from api.core.errors import Invalid, Problem
from api.procurement.sealing.ceremony import TenderKey
from api.procurement.sealing.documents import Document
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import KeyInvalid, TenderKeyInvalid

OWNER_ONLY = 0o600
OTHERS = 0o077

KeyFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="tender-key.json")]
IdentityFile = Annotated[
    Path, typer.Option("--identity", exists=True, dir_okay=False, help="Your private key's file.")
]
Fingerprint = Annotated[
    str | None, typer.Option(help="Of the key, as published with the tender; else refused.")
]


@contextmanager
def told() -> Iterator[None]:
    """What is refused is said in one line, with its code, and ends the command with status 1."""
    try:
        yield
    except Problem as problem:
        message = f"{problem.code}: {problem}"
    else:
        return
    typer.echo(message, err=True)
    raise typer.Exit(1)


def read[D: Document](kind: type[D], path: Path, *, refused: type[Invalid]) -> D:
    """The document in a file. Raises `refused`."""
    return kind.read(path.read_bytes(), refused=refused)


def read_key(path: Path, fingerprint: str | None) -> TenderKey:
    """The key of a tender, with the published fingerprint where one is given."""
    key = read(TenderKey, path, refused=TenderKeyInvalid)
    if fingerprint is not None and key.sha256() != fingerprint:
        raise TenderKeyInvalid(f"The fingerprint of this key is {key.sha256()}, not the one given")
    return key


def read_identity(path: Path) -> Identity:
    """The private key in a file as age-keygen writes it, which nobody else may read."""
    if path.stat().st_mode & OTHERS:
        raise KeyInvalid(f"Others may read {path}: chmod 600 it, and consider the key known")
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    if len(lines) != 1:
        raise KeyInvalid(f"{path} must hold one private key and comments")
    return Identity(lines[0])


def write_private(path: Path, content: bytes) -> None:
    """A new file that only its owner may read; one that is there is never replaced."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror}: {path}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def write_new_file(path: Path, content: BinaryIO) -> None:
    """The same of a file of any size, from its position on."""
    try:
        with path.open("xb") as file:
            shutil.copyfileobj(content, file)
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror}: {path}") from None


def write_new(path: Path, content: bytes) -> None:
    """A new file; one that is there is never replaced."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror}: {path}") from None
