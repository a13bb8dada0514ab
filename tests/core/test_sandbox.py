"""The clock of a sandbox moves forward for everybody; in production there is none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.cli import clock
from api.core import db, sandbox, settings
from api.core.sandbox import ClockShift
from api.core.settings import Settings
from api.procurement.models import Tender
from api.rules import clock_span
from tests.procurement import samples

type AsOrg = Callable[..., Any]
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process believes that it is in production."""
    found = settings.get().model_copy(update={"environment": "production"})
    monkeypatch.setattr(settings, "get", lambda: found)


def database_clock(session: Session) -> datetime:
    session.rollback()
    moment: datetime = session.connection().exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return moment


def test_what_the_operator_adds_up_is_the_time_of_every_process(
    as_org: AsOrg, session: Session
) -> None:
    operator = as_org(["operator"])

    first = operator.post("/v1/test-clock/advance", json={"seconds": 86_400})
    second = operator.post("/v1/test-clock/advance", json={"seconds": 3_600})
    shown = as_org(["buyer"]).get("/v1/test-clock")

    ahead = DAY + timedelta(hours=1)
    assert (first.status_code, second.status_code, shown.status_code) == (200, 200, 200)
    real = database_clock(session)
    assert abs(db.now(session) - real - ahead) < 5 * SECOND
    assert abs(datetime.fromisoformat(shown.json()["now"]) - real - ahead) < 5 * SECOND


@pytest.mark.parametrize("seconds", [0, -1, 366 * 86_400 + 1, 1.5, "1 day"])
def test_time_moves_forward_within_bounds(as_org: AsOrg, session: Session, seconds: object) -> None:
    answer = as_org(["operator"]).post("/v1/test-clock/advance", json={"seconds": seconds})

    assert answer.status_code == 422
    assert session.exec(select(ClockShift)).all() == []


def test_only_the_operator_moves_it(as_org: AsOrg, session: Session) -> None:
    buyer = as_org(["buyer"])

    assert buyer.post("/v1/test-clock/advance", json={"seconds": 60}).status_code == 403
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        db.unit_of_work(buyer.org_id) as foreign,
    ):
        foreign.add(ClockShift(seconds=60, actor="stranger"))
    assert session.exec(select(ClockShift)).all() == []


def test_in_production_the_database_clock_stands_alone(
    as_org: AsOrg, session: Session, production: None
) -> None:
    session.add(ClockShift(seconds=86_400, actor="left over from a copy of a sandbox"))
    session.commit()
    operator = as_org(["operator"])

    moved = operator.post("/v1/test-clock/advance", json={"seconds": 60})
    shown = operator.get("/v1/test-clock")

    assert (moved.status_code, moved.json()["code"]) == (403, "sandbox_only")
    assert (shown.status_code, shown.json()["code"]) == (403, "sandbox_only")
    assert abs(db.now(session) - database_clock(session)) < 5 * SECOND
    assert len(session.exec(select(ClockShift)).all()) == 1


def test_a_request_says_where_it_expects_the_clock_and_is_refused_elsewhere(
    as_org: AsOrg, session: Session
) -> None:
    """Refused, it has done nothing, and its Idempotency-Key is free."""
    buyer, key = as_org(["buyer"]), {"Idempotency-Key": "once"}
    now = db.now(session)

    def draft(clock: str) -> Any:
        headers = {"Kerben-Test-Clock": clock, **key}
        return buyer.post("/v1/tenders", json=samples.tender(mode="test"), headers=headers)

    moved = draft((now + DAY).isoformat())
    odd = draft("tomorrow")
    assert (moved.status_code, moved.json()["code"]) == (409, "clock_moved")
    assert (odd.status_code, odd.json()["code"]) == (400, "test_clock_unreadable")
    assert session.exec(select(Tender)).all() == []
    body = samples.tender(mode="test")
    within = {"Kerben-Test-Clock": f"{now - DAY:%Y-%m-%dT%XZ}/{now + DAY:%Y-%m-%dT%XZ}", **key}
    made = buyer.post("/v1/tenders", json=body, headers=within)
    assert made.status_code == 201, made.text
    assert now < datetime.fromisoformat(made.headers["Kerben-Test-Clock"]) < now + DAY
    as_org(["operator"]).post("/v1/test-clock/advance", json={"seconds": 2 * 86_400})
    repeated = buyer.post("/v1/tenders", json=body, headers=within)
    assert (repeated.status_code, repeated.json()) == (201, made.json())


def test_the_clock_is_not_advanced_under_a_request_that_holds_it(session: Session) -> None:
    span = clock_span.parse(f"{db.now(session) - SECOND:%Y-%m-%dT%XZ}")
    with db.worker_unit_of_work() as holding:
        sandbox.hold(holding, span)
        with db.worker_unit_of_work() as other:
            other.connection().exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
            with pytest.raises(OperationalError, match="lock timeout"):
                sandbox.advance(other, actor="test", seconds=60)
            other.rollback()
    assert session.exec(select(ClockShift)).all() == []


def test_in_production_no_request_names_a_time(
    as_org: AsOrg, session: Session, production: None
) -> None:
    headers = {"Kerben-Test-Clock": db.now(session).isoformat()}

    refused = as_org(["buyer"]).post("/v1/tenders", json=samples.tender(), headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (403, "sandbox_only")
    assert session.exec(select(Tender)).all() == []


def test_the_command_line_moves_it_and_says_the_time(session: Session) -> None:
    moved = CliRunner().invoke(clock.app, ["advance", "--days", "2", "--minutes", "30"])
    shown = CliRunner().invoke(clock.app, ["show"])
    still = CliRunner().invoke(clock.app, ["advance"])

    assert (moved.exit_code, shown.exit_code, still.exit_code) == (0, 0, 2)
    (shift,) = session.exec(select(ClockShift)).all()
    assert shift.seconds == 2 * 86_400 + 1_800
    said = datetime.fromisoformat(shown.output.strip())
    assert abs(said - database_clock(session) - timedelta(seconds=shift.seconds)) < 5 * SECOND


def test_the_command_line_is_refused_in_production(session: Session, production: None) -> None:
    moved = CliRunner().invoke(clock.app, ["advance", "--days", "2"])

    assert moved.exit_code == 1
    assert session.exec(select(ClockShift)).all() == []


def test_a_sandbox_for_others_needs_the_safe_settings_of_production() -> None:
    with pytest.raises(ValueError, match="Unsafe for sandbox"):
        Settings(environment="sandbox")
    safe = Settings(
        environment="sandbox",
        secret_key="x" * 40,
        signing_key_file="/run/secrets/signing-key",
        sealing_key_file="/run/secrets/sealing-key",
        database_url="postgresql://kerben_app@db/kerben",
        broker_url="amqp://broker",
        base_url="https://sandbox.kerben.example",
    )
    assert safe.sandbox
    assert not safe.model_copy(update={"environment": "production"}).sandbox
