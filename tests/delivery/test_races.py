"""Quantities conserve whoever writes: by two real connections, and past the services."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, select

from api.contracts.models import DeliveryScheduleRow
from api.core import db, ids
from api.delivery.models import DespatchAdvice, DespatchLine, Receipt, ReceiptLine
from tests.contracts.test_races import both
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.procurement import awarding

type AsOrg = Callable[..., Any]
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def made(session: Session, as_org: AsOrg) -> Execution:
    return executing.scheduled(session, as_org)


@pytest.fixture
def other() -> Iterator[Session]:
    with Session(db.engine("worker"), expire_on_commit=False) as session:
        yield session


def counted(session: Session) -> tuple[Decimal, Decimal]:
    session.rollback()
    row = session.exec(select(DeliveryScheduleRow)).one()
    session.refresh(row)
    return row.despatched_quantity, row.received_quantity


def after_a_wait(
    superuser: psycopg.Connection[Any], first: Session, second: Callable[[], None]
) -> Future[None]:
    """Begin `second`, and commit `first` once it waits for a lock of it."""
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(second)
        while superuser.execute(_WAITING).fetchone() == (0,):
            assert not begun.done(), "it did not wait"
        first.commit()
    return begun


def advice_of(session: Session, made: Execution, shipment: Any) -> DespatchAdvice:
    now = db.now(session)
    advice = DespatchAdvice(
        shipment_id=ids.parse("shipment", shipment["id"]),
        contract_id=ids.parse("contract", made.contract["id"]),
        number=f"DA-{shipment['number']}",
        issued_by=made.supplier.org_id,
        actor="test",
        issued_at=now,
        despatched_at=now,
    )
    session.add(advice)
    session.flush()
    return advice


def line_of(advice: DespatchAdvice, row_id: UUID, quantity: int) -> DespatchLine:
    return DespatchLine(
        advice_id=advice.id, schedule_row_id=row_id, number=1, quantity=Decimal(quantity)
    )


def test_two_despatches_that_fit_only_one_by_one_do_not_pass_together(
    made: Execution, session: Session
) -> None:
    sent = [executing.shipped(made, number=f"SH-{n}") for n in (1, 2)]
    program = awarding.second_client(made.supplier)
    rival = Execution(made.buyer, program, made.contract, made.item)

    answers = both(
        lambda: executing.despatch(made, sent[0], "400"),
        lambda: executing.despatch(rival, sent[1], "400"),
    )

    assert sorted(a.status_code for a in answers) == [201, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"more_than_ordered"}
    assert counted(session) == (400, 0)


def test_the_database_makes_the_second_despatch_wait_and_refuses_what_is_too_much(
    made: Execution, session: Session, other: Session, superuser: psycopg.Connection[Any]
) -> None:
    sent = [executing.shipped(made, number=f"SH-{n}") for n in (1, 2)]
    row_id = ids.parse("schedule_row", made.rows()[0]["id"])
    session.add(line_of(advice_of(session, made, sent[0]), row_id, 400))
    session.flush()

    def despatch() -> None:
        other.add(line_of(advice_of(other, made, sent[1]), row_id, 231))
        other.commit()

    refused = after_a_wait(superuser, session, despatch)

    with pytest.raises(IntegrityError, match="despatched_within_ordered"):
        refused.result()
    other.rollback()
    assert counted(session) == (400, 0)
    assert len(session.exec(select(DespatchAdvice)).all()) == 1


def test_a_receipt_and_the_cancellation_of_its_despatch_do_not_pass_together(
    made: Execution, session: Session, other: Session, superuser: psycopg.Connection[Any]
) -> None:
    executing.despatched(made, "600")
    session.rollback()
    advice = session.exec(select(DespatchAdvice)).one()
    line = session.exec(select(DespatchLine)).one()

    def receipt(by: Session, number: str, quantity: int) -> None:
        made_out = Receipt(
            advice_id=advice.id,
            shipment_id=advice.shipment_id,
            contract_id=advice.contract_id,
            number=number,
            issued_by=made.buyer.org_id,
            actor="test",
            received_at=db.now(by),
            evidence=[],
        )
        by.add(made_out)
        by.flush()
        by.add(
            ReceiptLine(
                receipt_id=made_out.id,
                despatch_line_id=line.id,
                schedule_row_id=line.schedule_row_id,
                received_quantity=Decimal(quantity),
            )
        )
        by.flush()

    receipt(session, "RC-1", 500)

    def cancel() -> None:
        other.connection().execute(
            text("UPDATE despatch_advice SET cancelled_at = now(), cancellation_reason = 'x'")
        )
        other.commit()

    refused = after_a_wait(superuser, session, cancel)

    with pytest.raises(IntegrityError, match="goods of the advice were received"):
        refused.result()
    other.rollback()
    assert counted(session) == (600, 500)
    with pytest.raises(IntegrityError, match="received_within_despatched"):
        receipt(session, "RC-2", 101)
    assert counted(session) == (600, 500)


def test_nobody_writes_the_counted_quantities(made: Execution, session: Session) -> None:
    executing.despatched(made, "100")
    session.rollback()
    for statement in (
        "UPDATE delivery_schedule_row SET despatched_quantity = 0",
        "UPDATE delivery_schedule_row SET quantity = 90",
        "UPDATE despatch_line SET quantity = 1",
        "UPDATE delivery_schedule SET rows = '[]'",
        "UPDATE performance SET quantity = 1",
        "DELETE FROM despatch_line",
    ):
        with pytest.raises(DBAPIError):
            session.connection().execute(text(statement))
        session.rollback()
    assert counted(session) == (100, 0)
    with db.unit_of_work(made.buyer.org_id) as own:
        row_id = own.exec(select(DeliveryScheduleRow.id)).one()
    with db.unit_of_work() as nobody:
        assert nobody.exec(select(DeliveryScheduleRow)).all() == []
        assert nobody.exec(select(DespatchLine)).all() == []
    assert row_id == ids.parse("schedule_row", made.rows()[0]["id"])
