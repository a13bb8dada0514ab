"""People are told by mail that their endpoint gets nothing any more."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import jobs
from api.core.jobs import Job
from tests.core import mailbox
from tests.core.mailbox import Mailbox
from tests.identity import people
from tests.webhooks import receiving
from tests.webhooks.conftest import LOOPBACK
from tests.webhooks.receiving import Receiver, deliver, endpoint, happen
from workers.app import app as celery

OWNER = "aigul@example.kg"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mailbox.running() as box:
        mailbox.told(monkeypatch, f"smtp://127.0.0.1:{box.port}", **LOOPBACK)
        yield box


@pytest.fixture
def gone(box: Mailbox) -> Iterator[Receiver]:
    with receiving.receiver(410) as here:
        yield here


def owned(buyer: Any) -> None:
    """The organisation has an owner who has joined, one who has not, and an officer."""
    people.joined(buyer, OWNER, role="owner")
    people.add(buyer, "invited@example.kg", role="owner")
    people.joined(buyer, "officer@example.kg")


def mailing(session: Session) -> list[Job]:
    session.expire_all()
    return [*session.exec(select(Job).where(Job.name == "mail.send"))]


def test_wh_08_an_endpoint_that_is_gone_is_told_to_the_owners_in_their_language(
    buyer: Any, gone: Receiver, box: Mailbox, drain: Callable[[], int]
) -> None:
    owned(buyer)
    made = endpoint(buyer, gone.url)
    happen(buyer.org_id)
    deliver()
    drain()
    (told,) = box.mails
    assert told["To"] == OWNER
    assert told["Content-Language"] == "ru"
    assert told["Subject"] == "Kerben больше не отправляет события на один из ваших адресов"
    text = told.get_content()
    assert gone.url in text
    assert f"/v1/webhook-endpoints/{made['id']}/enable" in text
    assert "410 Gone" in text
    drain()
    assert len(box.mails) == 1


def test_wh_08_what_the_owner_disables_is_no_news(
    buyer: Any, gone: Receiver, box: Mailbox, drain: Callable[[], int]
) -> None:
    owned(buyer)
    made = endpoint(buyer, gone.url)
    assert buyer.post(f"/v1/webhook-endpoints/{made['id']}/disable").status_code == 200
    drain()
    assert box.tries == 0


def test_wh_08_without_a_mail_server_the_endpoint_is_disabled_all_the_same(
    buyer: Any,
    gone: Receiver,
    session: Session,
    drain: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owned(buyer)
    made = endpoint(buyer, gone.url)
    mailbox.told(monkeypatch, None, **LOOPBACK)
    happen(buyer.org_id)
    deliver()
    drain()
    assert mailing(session) == []
    assert buyer.get(f"/v1/webhook-endpoints/{made['id']}").json()["status"] == "disabled"


def test_a_mail_that_was_not_taken_is_sent_again_and_one_that_is_refused_is_not(
    buyer: Any, gone: Receiver, box: Mailbox, session: Session, drain: Callable[[], int]
) -> None:
    owned(buyer)
    endpoint(buyer, gone.url)
    box.answers = ["451 later", "250 OK"]
    happen(buyer.org_id)
    deliver()
    with pytest.raises(AssertionError, match="451 later"):
        drain()
    (job,) = mailing(session)
    assert (job.done_at, job.attempts, box.mails) == (None, 1, [])
    jobs.requeue(session, job.id, actor="test")
    session.commit()
    drain()
    (job,) = mailing(session)
    assert job.result == {"sent": True}
    assert [each["Message-ID"] for each in box.mails] == [f"<{job.id.hex}@kerben.example>"]

    box.answers = ["554 no such mailbox"]
    endpoint(buyer, gone.url)
    happen(buyer.org_id)
    deliver()
    drain()
    last = max(mailing(session), key=lambda each: each.id)
    assert last.result == {"sent": False, "reason": "554 no such mailbox"}
    assert box.tries == 3


def test_a_member_who_was_removed_meanwhile_is_not_written_to(
    buyer: Any, gone: Receiver, box: Mailbox, session: Session, drain: Callable[[], int]
) -> None:
    owned(buyer)
    second = people.joined(buyer, "second@example.kg", role="owner")
    assert second.token
    endpoint(buyer, gone.url)
    box.answers = ["451 later"]
    happen(buyer.org_id)
    deliver()
    with pytest.raises(AssertionError, match="451 later"):
        drain()
    members = buyer.get("/v1/members").json()["items"]
    (first,) = [each["id"] for each in members if each["email"] == OWNER]
    assert buyer.post(f"/v1/members/{first}/remove").status_code == 200
    box.answers = ["250 OK"]
    for job in mailing(session):
        if job.done_at is None:
            jobs.requeue(session, job.id, actor="test")
            session.commit()
            celery.tasks["mail.send"].run(job.id.hex)
    assert {each["To"] for each in box.mails} == {"second@example.kg"}
    results = [job.result for job in mailing(session)]
    assert {"sent": False, "reason": "removed"} in results
