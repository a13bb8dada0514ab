import io
import json
import random
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.audit import AuditEntry
from api.core.jobs import Job
from api.delivery.models import TrackingEvent
from api.delivery.service import tracking_files, tracking_messages
from api.intake import service as intake
from api.intake.models import IntakeMessage
from tests.delivery import tracking
from tests.delivery.tracking import Case, at, event

type Drain = Callable[[], int]


def line(case: Case, number: int, **more: Any) -> bytes:
    body = {**event(f"e{number}", "in_transit", -1 - number / 1000, **more), "shipment_id": case.id}
    return json.dumps(body).encode()


def zipped(*entries: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries:
            archive.writestr(name, body)
    return file.getvalue()


def send(by: Any, body: bytes, format: str = "zip", **query: str) -> Any:
    return by.post(
        "/v1/tracking-imports",
        params={"format": format, **query},
        content=body,
        headers={"Content-Type": {"zip": "application/zip"}.get(format, "application/x-ndjson")},
    )


def count(session: Session, model: Any = TrackingEvent) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(model)).one()


def errors(by: Any, job: Any) -> list[tuple[int, str, str]]:
    page = by.get(f"/v1/tracking-imports/{job['id']}/errors").json()
    return [(e["row"], e["code"], e["pointer"]) for e in page["items"]]


def done(by: Any, job: Any) -> Any:
    return by.get(f"/v1/jobs/{job['id']}").json()


def test_of_a_zip_of_ten_thousand_events_the_three_broken_ones_are_listed_and_the_rest_kept(
    case: Case, session: Session, drain: Drain
) -> None:
    lines = [line(case, number) for number in range(10_000)]
    lines[2_499] = b'{"event_id": "broken", '
    lines[4_999] = line(case, 4_999, place_code="kg-atlantis")
    lines[9_999] = json.dumps({**json.loads(lines[9_999]), "event_time": at(5)}).encode()
    shuffled = lines[:5_000], lines[5_000:]
    body = zipped(
        ("a/one.ndjson", b"\n".join(shuffled[0])), ("two.jsonl", b"\r\n".join(shuffled[1]))
    )
    answer = send(case.supplier, body)
    assert answer.status_code == 202, answer.text
    assert count(session) == 0
    drain()
    job = done(case.supplier, answer.json())
    assert job["status"] == "succeeded"
    assert job["result"] == {"created": 9_997, "duplicate": 0, "rejected": 3}
    assert job["progress"] == {"done": 10_000, "total": 10_000}
    assert errors(case.supplier, job) == [
        (2_500, "json_invalid", "a/one.ndjson#"),
        (5_000, "place_unknown", "#/place_code"),
        (10_000, "event_in_future", "#/event_time"),
    ]
    assert count(session) == 9_997
    assert tracking.timeline(case.buyer, case)["events"] == 9_997
    again = send(case.supplier, body)
    assert again.json()["id"] == job["id"]
    drain()
    assert (count(session), count(session, IntakeMessage)) == (9_997, 1)


def test_json_files_in_a_zip_are_one_event_or_a_list(
    case: Case, session: Session, drain: Drain
) -> None:
    body = zipped(
        ("1.json", line(case, 1)), ("2.json", b"[" + line(case, 2) + b"," + line(case, 3) + b"]")
    )
    job = send(case.supplier, body).json()
    drain()
    assert done(case.supplier, job)["result"] == {"created": 3, "duplicate": 0, "rejected": 0}


def test_bad_lines_are_named_and_say_what_is_wrong(
    case: Case, session: Session, drain: Drain
) -> None:
    lines = [
        line(case, 1),
        b"",
        b"[]",
        b"5",
        b'"x"',
        b"\xff\xfe",
        b'{"event_id": "' + b"x" * 70_000 + b'"}',
        line(case, 1),
        json.dumps({**event("y", "delivered", -1), "shipment_id": "shipment_1"}).encode(),
        line(case, 2, unknown=1),
    ]
    job = send(case.supplier, b"\n".join(lines), "ndjson").json()
    drain()
    assert done(case.supplier, job)["result"] == {"created": 1, "duplicate": 1, "rejected": 7}
    assert [code for _, code, _ in errors(case.supplier, job)] == [
        "model_type",
        "model_type",
        "model_type",
        "json_invalid",
        "line_too_long",
        "value_error",
        "extra_forbidden",
    ]


def test_a_file_of_events_of_dcsa_is_read_by_a_source_of_that_kind(
    case: Case, session: Session, drain: Drain
) -> None:
    source = tracking.source(case.supplier, "dcsa", timezone="Asia/Shanghai")
    flat = {
        "eventID": "f",
        "eventType": "EQUIPMENT",
        "equipmentEventTypeCode": "LOAD",
        "eventClassifierCode": "ACT",
        "eventDateTime": "2026-03-08T10:00:00",
        "equipmentReference": "TR417",
    }
    job = send(case.supplier, json.dumps(flat).encode(), "ndjson", source_id=source["id"]).json()
    drain()
    assert done(case.supplier, job)["result"]["created"] == 1
    row = session.exec(select(TrackingEvent)).one()
    assert (row.milestone, row.event_time.hour) == ("loaded", 2)
    webhook = tracking.source(case.supplier, "aftership")
    answer = send(case.supplier, b"{}", "ndjson", source_id=webhook["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "source_of_other_kind")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"no zip", "no_zip"),
        (zipped(), "empty"),
        (zipped(("run.exe", b"MZ")), "foreign_entry"),
        (zipped(("../x.zip", zipped(("1.json", b"{}")))), "foreign_entry"),
        (zipped(*((f"{n}.ndjson", b"0" * 45_000_000) for n in range(5))), "too_large_unpacked"),
    ],
    ids=["empty", "no zip", "nothing in it", "program", "zip in zip", "bomb"],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused_and_nothing_kept(
    case: Case, session: Session, body: bytes, code: str
) -> None:
    answer = send(case.supplier, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "file_unreadable")
    assert answer.json()["errors"][0]["code"] == code
    assert count(session, IntakeMessage) == 0


def test_a_broken_or_lying_entry_spoils_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    good, text = b'{"a": 1}\n', b'{"secret": "2"}\n' * 40
    file = bytearray(zipped(("1.ndjson", text), ("2.ndjson", good)))
    file[60] ^= 0xFF  # in the compressed bytes of the first entry
    found = [*tracking_files.documents(bytes(file), tracking_files.FileFormat.ZIP)]
    assert found[0].document.code == "entry_broken"
    assert found[-1] == ("2.ndjson", {"a": 1})
    monkeypatch.setattr(tracking_files, "MAX_ENTRY_BYTES", 100)
    told = zipped(("1.ndjson", text), ("2.ndjson", good))
    (large,) = tracking_files.documents(told, tracking_files.FileFormat.ZIP)
    assert large.document.code == "entry_too_large"


def test_what_is_behind_the_first_documents_is_what_comes_after_them() -> None:
    lines = b'{"a": 1}\n\nbroken\n' + b"x" * 70_000 + b'\n{"a": 2}\n'
    file = zipped(("1.ndjson", lines), ("2.json", b'[{"a": 3}, {"a": 4}]'), ("3.jsonl", lines))

    def shown(begin: int) -> list[Any]:
        found = tracking_files.documents(file, tracking_files.FileFormat.ZIP, begin)
        return [(each.entry, getattr(each.document, "code", each.document)) for each in found]

    assert len(shown(0)) == 10
    assert all(shown(begin) == shown(0)[begin:] for begin in range(12))


def test_two_sides_that_tell_of_one_shipment_at_once_both_stand_in_its_trail(
    case: Case, session: Session
) -> None:
    for side in (case.buyer, case.supplier):
        send(side, b"\n".join(line(case, number) for number in range(30)), "ndjson")
    jobs = session.exec(select(Job.id).where(Job.name == intake.TASK)).all()
    session.rollback()

    def work(job_id: UUID) -> bool:
        with db.worker_unit_of_work() as own:
            return intake.work(own, own.get_one(Job, job_id))

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(work, jobs)] == [True, True]

    stream = f"shipment:{case.uuid.hex}"
    query = select(AuditEntry).where(AuditEntry.stream == stream).order_by(col(AuditEntry.seq))
    trail = session.exec(query).all()
    assert [entry.change["events"] for entry in trail] == [30, 30]
    assert audit.first_broken(trail) is None
    assert count(session) == 60


def test_another_media_type_and_too_much_are_refused(case: Case, session: Session) -> None:
    wrong = case.supplier.post(
        "/v1/tracking-imports", content=b"{}", headers={"Content-Type": "text/plain"}
    )
    assert wrong.status_code == 415
    large = send(case.supplier, random.Random(1).randbytes(20_000_001))
    assert large.status_code == 413
    assert count(session, IntakeMessage) == 0


def test_a_reading_that_breaks_off_goes_on_where_it_was(
    case: Case, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_messages, "BATCH", 2)
    body = b"\n".join(line(case, number) for number in range(5))
    send(case.supplier, body, "ndjson")
    job = session.exec(select(Job).where(Job.name == intake.TASK)).one()
    steps = []
    for _ in range(3):
        steps.append(intake.work(session, job))
        session.add(job)
        session.commit()
    assert steps == [False, False, True]
    assert job.result == {"created": 5, "duplicate": 0, "rejected": 0}
    assert count(session) == 5
