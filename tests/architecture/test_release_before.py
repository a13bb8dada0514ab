"""The release before, its own code from the history of the repository, on the schema of this one.

A rollout as docs/operations.md has it, in a database of its own: the old release migrates and
serves; the schema grows to `LAST` under its feet, and it serves on; then its processes are
replaced, the rest of the migrations runs, and this release reads what the old one has made.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from gzip import decompress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api.cli import check
from api.core import db, embedded, migrations, settings
from api.core.migrations import ROOT
from tests.architecture.test_expand_and_contract import RELEASED
from tests.catalog import samples as catalog
from tests.procurement import samples

COMMIT = "a41ad11e7929386a429803b28eeb1694c9529028"
"""The last commit of the release whose newest revision is `RELEASED`."""
LAST = "0077"
"""The newest revision that it serves on; 0078 refuses what it writes itself."""
TREES = ("api", "workers", "migrations", "openapi/openapi.json", "pyproject.toml")
PROGRAM = Path(__file__).with_name("serving.py")
DATABASE = "kerben_rollout"
EXPECTED = {
    "ready": 200,
    "webhook endpoint": 201,
    "draft": 201,
    "publication": 200,
    "import": 202,
    "enquiry": 201,
    "jobs that failed": [],
    "imported": 200,
    "import is": "succeeded",
    "bid": 201,
    "matches": 200,
    "feed": 200,
    "public page": 200,
    "guessed password": 401,
}


def git(*arguments: str) -> bytes:
    """What git prints; raises CalledProcessError, or OSError where there is none."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The code of the release before."""
    try:
        packed = git("archive", "--format=tar", COMMIT, *TREES)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = f"the history of the repository is not here: {error}"
        if "KERBEN_REQUIRE_HISTORY" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def database() -> Iterator[dict[str, str]]:
    """An empty database; the variables that lead a process to it."""
    folder = settings.get().data_dir.resolve()
    host = embedded.server_host(folder)
    name = sql.Identifier(DATABASE)
    with psycopg.connect(host=host, user="postgres", autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        with psycopg.connect(host=host, user="postgres", dbname=DATABASE, autocommit=True) as own:
            own.execute(embedded.ROLES.read_text())
        try:
            yield {
                f"KERBEN_{variable}DATABASE_URL": embedded.url(folder, f"kerben_{role}", DATABASE)
                for variable, role in (("", "app"), ("WORKER_", "worker"), ("OWNER_", "owner"),
                                       ("REPORTING_", "reporting"))
            }  # fmt: skip
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def migrate(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Bring the database to a revision by the migrations of this release."""

    def run(revision: str) -> None:
        with monkeypatch.context() as there:
            for name, url in database.items():
                there.setenv(name, url)
            settings.get.cache_clear()
            db.dispose()
            migrations.upgrade(revision)
        settings.get.cache_clear()
        db.dispose()

    return run


class Release:
    """A process that serves a round for each line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def round(self, *earlier: str) -> dict[str, Any]:
        """The answers to a round, which reads earlier tenders too."""
        said = {
            "tender": samples.tender(),
            "enquiry": {"title": {"ru": "Срок"}, "description": {"ru": "До какого дня?"}},
            "offers": catalog.csv_file({"sku": "R-1"}).decode(),
            "price": "9850.00",
            "earlier": earlier,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self.line()))

    def line(self) -> str:
        """The next line that it writes."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def serving(tree: Path, number: int, environment: dict[str, str]) -> Iterator[Release]:
    """The code of a tree, at work."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(number)],
        cwd=tree,
        env={**os.environ, **environment, "PYTHONPATH": str(tree), "KERBEN_RATE_LIMITS": "{}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        release = Release(process)
        assert release.line() == "ready\n"
        yield release
    finally:
        process.kill()
        process.communicate()


def test_the_release_before_is_the_one_that_clients_and_migrations_are_compared_with(
    released: Path,
) -> None:
    document = (released / check.DOCUMENT.relative_to(ROOT)).read_bytes()
    assert document == decompress(check.RELEASED.read_bytes())
    assert f'revision: str = "{RELEASED}"' in "".join(
        path.read_text() for path in (released / "migrations" / "versions").glob("*.py")
    )


def test_the_release_before_serves_on_while_the_schema_grows_and_is_refused_after_its_time(
    released: Path, database: dict[str, str], migrate: Callable[[str], None]
) -> None:
    with serving(released, 1, {**database, "MIGRATE": "1"}) as before:
        first = before.round()
        assert first == {**EXPECTED, "tender": first["tender"]}
        migrate(LAST)
        second = before.round(first["tender"])
        made = {"tender": second["tender"], f"read {first['tender']}": 200}
        assert second == {**EXPECTED, **made}
        migrate("head")
        late = before.round()
        assert (late["ready"], late["draft"]) == (200, 404), late
    with serving(ROOT, 101, database) as after:
        third = after.round(first["tender"], second["tender"])
    read = {f"read {each['tender']}": 200 for each in (first, second)}
    assert third == {**EXPECTED, **read, "tender": third["tender"]}
