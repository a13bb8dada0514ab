"""A real PostgreSQL, migrated as in production; every test starts with empty tables.

Tests commit for real, because what they prove (locks, row-level security, outbox, idempotency)
exists only across commits. Rows are removed afterwards; reference data stays.
"""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

_DATA_DIR = tempfile.TemporaryDirectory(prefix="kerben-", ignore_cleanup_errors=True)
os.environ.update(
    KERBEN_ENVIRONMENT="test",
    KERBEN_DATA_DIR=_DATA_DIR.name,
    KERBEN_LOG_LEVEL="ERROR",
    KERBEN_THREADS="30",
    KERBEN_RATE_LIMITS="{}",
)

import psutil
import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api.channels.service import seeding as market_seeding
from api.core import db, embedded, jobs, logs, migrations, settings
from api.delivery.service import seeding
from api.identity import service as identity
from api.identity.access import UnitRoute
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.main import create_app
from api.matching import service as matching
from api.opendata.ocds import schemas as ocds_schemas
from api.reference import service as reference
from api.reference.models import WorkCalendarYear
from api.rules.clock import utcnow
from api.rules.identifiers import COUNTRY, IdentifierScheme
from api.rules.organisations import OrganisationStatus
from tests import remembered
from tests.opendata import standard as ocds_standard
from tests.webhooks import emitted
from tests.workers import brokers
from workers import relay
from workers.app import app as celery

_PURE = Path(__file__).parent / "rules"
"""What is tested here knows no database."""
_SEEN: list[object] = []
"""The moment when the tables were emptied last: a test that wrote nothing leaves nothing."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-docs", action="store_true", help="write docs/procedures and docs/events.md anew"
    )
    parser.addoption("--write-matrix", action="store_true", help="add rows of new routes")


def pytest_configure(config: pytest.Config) -> None:
    """Say where evaluation data were found, or that tests which need them are skipped."""
    shared = Path(os.environ.get("KERBEN_SHARED_DATA", migrations.ROOT.parent / "shared" / "data"))
    if shared.is_dir():
        os.environ["KERBEN_SHARED_DATA"] = str(shared)
    else:
        os.environ.pop("KERBEN_SHARED_DATA", None)
    config.addinivalue_line("markers", "shared: needs the data of KERBEN_SHARED_DATA")
    config.addinivalue_line("markers", "brokers: needs RabbitMQ and Redis (KERBEN_TEST_*_URL)")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some tests wait for processes that they started."""
    return (psutil.cpu_count(logical=False) or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "KERBEN_SHARED_DATA" not in os.environ:
        if "KERBEN_REQUIRE_SHARED_DATA" in os.environ:
            raise pytest.UsageError("KERBEN_SHARED_DATA must name the folder with reference data")
        _skip(items, "shared", "KERBEN_SHARED_DATA names no folder with reference data")
    if any(item.get_closest_marker("brokers") for item in items) and (reason := brokers.silent()):
        if "KERBEN_REQUIRE_BROKERS" in os.environ:
            raise pytest.UsageError(f"RabbitMQ and Redis must answer: {reason}")
        _skip(items, "brokers", f"no broker: {reason}")


def _skip(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of reference data that tests read (mark the test `shared`)."""
    return Path(os.environ["KERBEN_SHARED_DATA"])


def prepare() -> None:
    """The embedded database as the tests know it: migrated, with the bundled reference data."""
    logs.configure("ERROR", "json")
    host = embedded.server_host(settings.get().data_dir.resolve())
    with psycopg.connect(host=host, user="postgres", autocommit=True) as admin:
        # What a test commits need not survive a failure of the machine.
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.load_bundled(session)
        seeding.load_bundled(session)
        market_seeding.load_bundled(session)
        _know_the_years(session)
    # The first test too starts as `_empty_tables` leaves the tables: without a trail of the seeding.
    _empty(remembered.connection(), remembered.filled(), ())


@pytest.fixture(scope="session", autouse=True)
def _database() -> Iterator[None]:
    prepare()
    # What is imported by now stays: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    yield
    db.dispose()


def _know_the_years(session: Session) -> None:
    """Enter this year and the next as plain ones if the package does not know them yet."""
    known = {row.year for row in session.exec(select(WorkCalendarYear))}
    for year in {utcnow().year, utcnow().year + 1} - known:
        session.add(WorkCalendarYear(calendar="KG", year=year, weekend=[6, 7], source="test"))


@pytest.fixture(scope="session")
def superuser(_database: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection that no policy or trigger binds, to clean up and to tamper with."""
    with remembered.connection() as connection:
        yield connection


@pytest.fixture(scope="session")
def _law(superuser: psycopg.Connection[Any]) -> list[str]:
    """Statements that leave of the policy sets and calendars what was there at the beginning."""
    statements = ["UPDATE policy_set SET valid_to = NULL WHERE valid_to IS NOT NULL"]
    for table in remembered.LAW:
        ids = [f"'{row[0]}'" for row in superuser.execute(f"SELECT id FROM {table}").fetchall()]
        statements.insert(0, f"DELETE FROM {table} WHERE id NOT IN ({', '.join(ids)})")
    return statements


@pytest.fixture(autouse=True)
def _empty_tables(
    request: pytest.FixtureRequest, superuser: psycopg.Connection[Any], _law: list[str]
) -> Iterator[None]:
    yield
    if request.path.is_relative_to(_PURE) or remembered.moment() in _SEEN:
        return
    filled = remembered.filled()
    try:
        if "outbox_event" in filled:
            emitted.check(superuser)
    finally:
        _empty(superuser, filled, _law)
        _SEEN[:] = [remembered.moment()]


def _empty(superuser: psycopg.Connection[Any], filled: Sequence[str], law: Sequence[str]) -> None:
    statements = [f'DELETE FROM "{name}"' for name in filled]
    superuser.execute(";".join([*statements, *law]))


@pytest.fixture(autouse=True)
def _published_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever any test publishes, in this process, satisfies OCDS's own schema too."""
    folder = os.environ.get("KERBEN_SHARED_DATA")
    if folder is None:
        return
    standard = ocds_standard.load(Path(folder) / "ocds")
    own = ocds_schemas.require_valid

    def require_valid(session: Session, release: Mapping[str, Any]) -> None:
        own(session, release)
        assert standard.faults(release) == []

    monkeypatch.setattr(ocds_schemas, "require_valid", require_valid)


@pytest.fixture
def session() -> Iterator[Session]:
    """A session of the workers' role: sees every row, commits when told to."""
    with Session(db.engine("worker"), expire_on_commit=False) as session:
        yield session


@pytest.fixture(scope="session")
def application() -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(application: TestClient) -> TestClient:
    """The API without credentials."""
    return application


@cache
def _needy() -> list[UnitRoute]:
    """The routes that refuse a request without If-Match or Idempotency-Key."""
    routes = [route for route in create_app().routes if isinstance(route, UnitRoute)]
    return [route for route in routes if route.needs and (route.needs.key or route.needs.if_match)]


def _needed(method: str, path: str) -> dict[str, str]:
    """What every honest client sends there: any version, and a key of its own."""
    for route in _needy():
        if method in (route.methods or ()) and route.path_regex.match(path):
            assert route.needs is not None
            version = {"If-Match": "*"} if route.needs.if_match else {}
            return version | ({"Idempotency-Key": uuid4().hex} if route.needs.key else {})
    return {}


@dataclass(frozen=True)
class Actor:
    """An organisation that calls the API with its own key."""

    org_id: UUID
    key: str
    client: TestClient

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def request(self, method: str, url: str, **kwargs: Any) -> Any:
        needed = _needed(method, url.partition("?")[0])
        given = kwargs.pop("headers", None) or {}
        headers = {"Authorization": f"Bearer {self.key}", **needed, **given}
        return self.client.request(method, url, headers=headers, **kwargs)

    def get(self, url: str, **kwargs: Any) -> Any:
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        return self.request("POST", url, **kwargs)

    def patch(self, url: str, **kwargs: Any) -> Any:
        return self.request("PATCH", url, **kwargs)

    def delete(self, url: str, **kwargs: Any) -> Any:
        return self.request("DELETE", url, **kwargs)


def acting(client: TestClient) -> Callable[..., Actor]:
    """Make an organisation, `as_org(["buyer"], verification_level=2)`, and act as it."""

    def make(roles: list[str], **fields: Any) -> Actor:
        number = next(remembered.numbers)
        defaults: dict[str, Any] = {
            "roles": roles,
            "legal_name": {"ru": f"Организация {number}", "en": f"Organisation {number}"},
            "identifier_scheme": IdentifierScheme.KG_INN,
            "identifier_id": f"{number:014d}",
            "languages": ["ru"],
            "status": OrganisationStatus.VERIFIED,
            "verification_level": 2,
        }
        values = {**defaults, **fields}
        values.setdefault("country", COUNTRY[IdentifierScheme(values["identifier_scheme"])])
        with db.worker_unit_of_work() as session:
            organisation = Organisation(**values)
            session.add(organisation)
            session.flush()
            scopes = identity.full_scopes(organisation)
            _, key = identity.create_client(
                session,
                org_id=organisation.id,
                actor="test",
                data=ClientIn(name="test", scopes=scopes),
                grantable=scopes,
            )
        return Actor(organisation.id, key, client)

    return make


@pytest.fixture
def as_org(client: TestClient) -> Callable[..., Actor]:
    """Make an organisation and act as it, as `acting` does."""
    return acting(client)


@pytest.fixture
def drain() -> Callable[[], int]:
    """As `draining`."""
    return draining()


def draining() -> Callable[[], int]:
    """Run the relay and every due job here, real tasks, until nothing is left; how many ran."""

    def run() -> int:
        ran = 0
        while True:
            with db.worker_unit_of_work() as session:
                events = relay.make_jobs(session)
            with db.worker_unit_of_work() as session:
                messages = relay.take_due(session)
            if not events and not messages:
                return ran
            for name, job_id in messages:
                celery.tasks[name].run(job_id)
                with db.worker_unit_of_work() as session:
                    job = session.get(jobs.Job, jobs.job_uuid(job_id))
                    assert job is not None
                    assert job.last_error is None, f"{name}: {job.last_error}"
                ran += 1

    celery.loader.import_default_modules()
    with db.worker_unit_of_work() as session:
        matching.ensure_model(session)
    return run
