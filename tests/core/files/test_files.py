"""Files from upload to download: what they may be, who looks through them, who gets them."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db, settings
from api.core.errors import Invalid, Unavailable
from api.core.files import clamd, kinds, service, store
from api.core.files.models import File
from api.core.jobs import Job
from api.identity.models import ApiClient
from api.procurement.models import Document, DocumentChunk
from api.procurement.service import documents
from api.rules.clock import utcnow
from api.rules.files import ScanState
from tests.core.files import clamav
from workers.app import app as celery

type AsOrg = Callable[..., Any]
PDF = b"%PDF-1.7 terms of delivery"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> store.Store:
    """A store of the test's own."""
    own = store.local(tmp_path / "files")
    monkeypatch.setattr(store, "get", lambda: own)
    return own


def upload(actor: Any, content: bytes, name: str = "paper.pdf", **params: str) -> Any:
    return actor.post(
        "/v1/documents",
        params={"name": name, **params},
        content=content,
        headers={"Content-Type": "application/octet-stream"},
    )


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


OFFICE = {"[Content_Types].xml": b"<Types/>"}
TAKEN = {
    "a.pdf": PDF,
    "a.JPG": b"\xff\xd8\xff\xe0\x00\x10JFIF\0",
    "a.png": PNG,
    "a.zip": packed({"a/b.txt": b"text"}),
    "Смета.xlsx": packed({**OFFICE, "xl/workbook.xml": b"<workbook/>"}),
    "a.docx": packed({**OFFICE, "word/document.xml": b"<document/>"}),
    "a.csv": "наименование;цена\n".encode("cp1251"),
    "a.txt": "价格".encode("gb18030"),
}
REFUSED = {
    ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"): "extension_refused",
    ("a", PDF): "extension_refused",
    (".pdf", PDF): "extension_refused",
    ("a.pdf.exe", b"MZ\x90\0\3"): "extension_refused",
    ("a.pdf", b"MZ\x90\0\3"): "format_mismatch",
    ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"): "format_mismatch",
    ("a.txt", b"\n <svg xmlns='http://www.w3.org/2000/svg'/>"): "format_mismatch",
    ("a.csv", b"<!doctype html><script>"): "format_mismatch",
    ("a.csv", b"a,b\n\0"): "format_mismatch",
    ("a.xlsx", packed({"a": b"b"})): "format_mismatch",
    ("a.zip", PDF): "format_mismatch",
    ("a.zip", b"PK\x03\x04 no more"): "archive_malformed",
    ("a.zip", packed({"../../etc/passwd": b""})): "archive_malformed",
    ("a.zip", packed({"a": b"\0" * 3_000_000})): "archive_bomb",
    ("a.docx", packed({**OFFICE, "word/document.xml": b"", "word/vbaProject.bin": b""})): "macros",
    ("a.zip", packed({f"{n}": b"" for n in range(1_001)})): "archive_bomb",
}


def test_sec_20_a_file_is_what_its_name_and_its_bytes_say_and_nothing_a_browser_runs() -> None:
    for name, content in TAKEN.items():
        assert kinds.identify(io.BytesIO(content), name).value
    found = {}
    for name, content in REFUSED:
        with pytest.raises(Invalid) as refusal:
            kinds.identify(io.BytesIO(content), name)
        found[name, content] = refusal.value.errors[0].code
    assert found == REFUSED


def test_sec_20_what_is_refused_is_not_stored(
    buyer: Any, kept: store.Store, session: Session
) -> None:
    answers = [
        upload(buyer, PNG),
        upload(buyer, PDF, "a.svg"),
        upload(buyer, PDF, format="image/png"),
    ]

    assert [a.json()["errors"][0]["pointer"] for a in answers] == [
        "#/",
        "#?query/name",
        "#?query/format",
    ]
    assert [*kept.objects()] == []
    assert session.exec(select(File)).all() == []


def test_a_row_is_never_without_bytes(
    buyer: Any, kept: store.Store, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Any) -> str:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(kept, "put", away)
        assert upload(buyer, PDF).status_code == 503
    assert session.exec(select(File)).all() == []

    with db.unit_of_work(buyer.org_id) as own:
        service.receive(own, org_id=buyer.org_id, actor="t", file=io.BytesIO(PDF), name="a.pdf")
        own.rollback()
    assert session.exec(select(File)).all() == []
    assert len([*kept.objects()]) == 1


def test_bytes_that_no_row_names_are_swept_once_no_upload_can_be_under_way(
    buyer: Any, kept: store.Store, session: Session, tmp_path: Path
) -> None:
    upload(buyer, PDF)
    (named,) = [each.key for each in kept.objects()]
    old, young = kept.put(io.BytesIO(b"old")), kept.put(io.BytesIO(b"young"))
    past = (utcnow() - service.UNNAMED_FOR - timedelta(minutes=1)).timestamp()
    for key in (named, old):
        os.utime(tmp_path / "files" / key, (past, past))

    with db.worker_unit_of_work() as own:
        assert service.sweep(own) == 1

    assert {each.key for each in kept.objects()} == {named, young}
    with db.worker_unit_of_work() as own:
        assert [*service.verify(own)] == []
        (tmp_path / "files" / named).write_bytes(b"x" * len(PDF))
        assert [what for _, what in service.verify(own)] == ["altered"]
        kept.delete([named])
        assert [what for _, what in service.verify(own)] == ["missing"]


class Zeros(io.RawIOBase):
    """A PDF of so many bytes that is nowhere as a whole."""

    def __init__(self, size: int) -> None:
        self._size, self._at, self.largest = size, 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {0: 0, 1: self._at, 2: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        end = self._size if size < 0 else min(self._size, self._at + size)
        self.largest = max(self.largest, end - self._at)
        piece = (b"%PDF-1.7" if self._at == 0 else b"").ljust(end - self._at, b"\0")
        self._at = end
        return piece


def test_sec_20_fifty_megabytes_are_never_in_memory_at_once(buyer: Any, kept: store.Store) -> None:
    file: Any = Zeros(50_000_000)

    with db.unit_of_work(buyer.org_id) as own:
        row = service.receive(own, org_id=buyer.org_id, actor="t", file=file, name="a.pdf")

    assert file.largest <= store.PART_BYTES
    pieces = [len(piece) for piece in kept.read(row.key or "", 0, row.size)]
    assert (sum(pieces), max(pieces)) == (50_000_000, store.PIECE_BYTES)


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = clamav.over_tcp()
    with clamav.running(server):
        monkeypatch.setattr(
            settings.get(), "clamd_url", f"tcp://127.0.0.1:{server.server_address[1]}"
        )
        yield


def test_sec_20_clamd_clears_a_file_or_puts_it_into_quarantine(
    buyer: Any, scanner: None, drain: Callable[[], int], session: Session
) -> None:
    clean, infected = (upload(buyer, body).json() for body in (PDF, PDF + clamav.EICAR))
    assert clean["scan_state"] == "received"
    assert buyer.get(f"/v1/documents/{clean['id']}/content").status_code == 409

    drain()

    shown = [buyer.get(f"/v1/documents/{each['id']}") for each in (clean, infected)]
    assert [a.json()["scan_state"] for a in shown] == ["clean", "quarantined"]
    assert {a.json()["scanner"] for a in shown} == {"clamd"}
    given = [buyer.get(f"/v1/documents/{each['id']}/content") for each in (clean, infected)]
    assert [a.status_code for a in given] == [200, 409]
    found = {file.scan_state: file.finding for file in session.exec(select(File))}
    assert found == {ScanState.CLEAN: None, ScanState.QUARANTINED: "Eicar-Test-Signature"}


def test_a_scanner_that_cannot_say_clears_nothing(
    buyer: Any, scanner: None, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(buyer, PDF + b"\0" * clamav.MAX_LENGTH)
    with db.worker_unit_of_work() as own:
        (file,) = own.exec(select(File)).all()
        assert service.scan(own, file.id) is False
    for url in (None, "tcp://127.0.0.1:9"):
        if url:
            monkeypatch.setattr(settings.get(), "clamd_url", url)
        with pytest.raises(Unavailable), db.worker_unit_of_work() as own:
            service.scan(own, file.id)
    session.rollback()
    assert [each.scan_state for each in session.exec(select(File))] == [ScanState.SCANNING]


def test_clamd_is_asked_over_a_unix_socket_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "clamd.sock")
    monkeypatch.setattr(settings.get(), "clamd_url", f"unix://{path}")
    with clamav.running(clamav.over_unix(path)):
        assert clamd.scan([b"nothing", b" wrong"]) is None
        assert clamd.scan([clamav.EICAR[:30], clamav.EICAR[30:]]) == "Eicar-Test-Signature"


def test_its_owner_does_not_clear_a_file(
    buyer: Any, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    monkeypatch.setattr(settings.get(), "documents_scanned", True)
    upload(buyer, PDF)
    with (
        pytest.raises(DBAPIError, match="cleared by a scanner"),
        db.unit_of_work(buyer.org_id) as own,
    ):
        own.connection().exec_driver_sql("UPDATE file SET scan_state = 'clean'")
    assert [each.scan_state for each in session.exec(select(File))] == [ScanState.RECEIVED]


def test_sec_21_a_link_is_short_downloads_and_ends_with_the_right_of_who_asked(
    buyer: Any, as_org: AsOrg, client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier = as_org(["supplier"])
    document = upload(buyer, PDF, "Задание.pdf").json()
    url = f"/v1/documents/{document['id']}/link"
    assert supplier.post(url).status_code == 404

    made = buyer.post(url)
    link = made.json()["url"].removeprefix(settings.get().base_url)
    answer = client.get(link)

    assert made.headers["cache-control"] == "no-store"
    assert answer.content == PDF
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D0")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/octet-stream"
    altered = client.get(link[:-5] + ("aaaaa" if link[-5:] != "aaaaa" else "bbbbb"))
    foreign = supplier.get(link)
    assert buyer.get(link).status_code == 200
    session.rollback()
    (own,) = session.exec(select(ApiClient).where(ApiClient.org_id == buyer.org_id)).all()
    own.revoked_at = utcnow()
    session.add(own)
    session.commit()
    refused = [altered, foreign, client.get(link)]
    assert [(a.status_code, a.json()["code"]) for a in refused] == [(404, "link_ended")] * 3


def test_sec_21_a_link_is_over_after_its_seconds(
    buyer: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = upload(buyer, PDF).json()
    monkeypatch.setattr(settings.get(), "file_link_seconds", -10)
    made = buyer.post(f"/v1/documents/{document['id']}/link").json()
    assert client.get(made["url"].removeprefix(settings.get().base_url)).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "given"),
    [
        ("bytes=0-3", 206, PDF[:4]),
        ("bytes=5-", 206, PDF[5:]),
        ("bytes=-5", 206, PDF[-5:]),
        ("bytes=5-9999", 206, PDF[5:]),
        ("bytes=-9999", 200, PDF),
        ("bytes=3-1", 200, PDF),
        ("bytes=0-1,4-5", 200, PDF),
        ("pages=1-2", 200, PDF),
        ("bytes=9999-", 416, None),
        ("bytes=-0", 416, None),
    ],
)
def test_a_part_of_a_file_is_given(
    buyer: Any, asked: str, status: int, given: bytes | None
) -> None:
    document = upload(buyer, PDF).json()
    url = f"/v1/documents/{document['id']}/content"

    answer = buyer.get(url, headers={"Range": asked})
    stale = buyer.get(url, headers={"Range": asked, "If-Range": '"another"'})

    assert answer.status_code == status
    if given is None:
        assert answer.headers["content-range"] == f"bytes */{len(PDF)}"
    else:
        assert answer.content == given
    if status == 206:
        assert answer.headers["content-range"].endswith(f"/{len(PDF)}")
        assert (stale.status_code, stale.content) == (200, PDF)


def test_what_was_kept_in_the_database_is_read_there_and_moves_into_the_store(
    buyer: Any, kept: store.Store, session: Session, superuser: Any
) -> None:
    document = upload(buyer, PDF).json()
    (row,) = session.exec(select(Document)).all()
    kept.delete([row.file.key or ""])
    superuser.execute("UPDATE file SET key = NULL")
    for seq, piece in enumerate((PDF[:7], PDF[7:])):
        session.add(DocumentChunk(document_id=row.id, seq=seq, data=piece))
    session.commit()
    url = f"/v1/documents/{document['id']}/content"
    assert buyer.get(url).content == PDF
    with db.worker_unit_of_work() as own:
        own.connection().exec_driver_sql("DELETE FROM document_chunk")
        assert len(own.exec(select(DocumentChunk)).all()) == 2

    with db.worker_unit_of_work() as own:
        moved = documents.move_next(own)
        assert moved is not None
        assert documents.move_next(own) is None

    session.expire_all()
    assert session.exec(select(DocumentChunk)).all() == []
    assert session.exec(select(File)).one().key is not None
    assert buyer.get(url).content == PDF
    assert hashlib.sha256(PDF).hexdigest() == document["sha256"]


def test_the_sweep_is_a_task_that_the_clock_starts_and_plans_again(
    kept: store.Store, session: Session
) -> None:
    job = Job(name="files.sweep", args={"resource_id": service.SWEEPER.hex}, run_at=utcnow())
    session.add(job)
    session.commit()
    celery.loader.import_default_modules()
    celery.tasks["files.sweep"].run(job.id.hex)

    due = session.connection().exec_driver_sql(
        "SELECT due_at FROM deadline WHERE kind = 'file.sweep_due' AND fired_at IS NULL"
    )
    (at,) = due.scalars().all()
    assert at > utcnow() + service.SWEEP_EVERY - timedelta(minutes=1)
