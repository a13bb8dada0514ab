"""What releases say after the publication: answers, and bids once they are opened."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner
from uuid_utils.compat import uuid7

from api.__main__ import main
from api.core import db, ids
from api.core.outbox import emit
from api.opendata.models import OcdsRecord, OcdsRelease
from api.opendata.ocds import merging
from api.procurement import service as procurement
from api.procurement.models import Award
from api.rules.awards import AwardStatus, CancellationCause
from tests.contracts import signing
from tests.opendata.test_releases import compiled, releases
from tests.procurement import awarding, bidding, samples
from tests.procurement.evaluation import deciding

type AsOrg = Callable[..., Any]
CRITERION = {
    "id": "experience",
    "title": {"ru": "Опыт поставщика"},
    "requirement_groups": [
        {
            "id": "experience",
            "requirements": [
                {
                    "id": "experience-years",
                    "title": {"ru": "Опыт поставок, лет"},
                    "data_type": "integer",
                    "min_value": 3,
                }
            ],
        }
    ],
}


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def supplier(as_org: AsOrg) -> Any:
    return as_org(["supplier"], identifier_id="01234567890123")


def test_an_answered_enquiry_is_published_without_who_asked(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    asked = supplier.post(
        f"/v1/tenders/{made['id']}/enquiries",
        json={"title": {"ru": "Столешница"}, "description": {"ru": "Допускается ли 16 мм?"}},
    ).json()
    assert len(releases(session)) == 1

    answer = {"answer": {"ru": "Нет, не менее 18 мм", "ky": "Жок"}}
    given = buyer.post(f"/v1/enquiries/{asked['id']}/answer", json=answer)

    assert given.status_code == 200, given.text
    _, release = releases(session)
    assert release["tag"] == ["tenderUpdate"]
    (enquiry,) = release["tender"]["enquiries"]
    assert enquiry | {"date": None, "dateAnswered": None} == {
        "id": asked["id"],
        "date": None,
        "title": "Столешница",
        "description": "Допускается ли 16 мм?",
        "answer": "Нет, не менее 18 мм",
        "answer_ky": "Жок",
        "dateAnswered": None,
    }
    assert "01234567890123" not in json.dumps(release)


@pytest.mark.parametrize("server", [False, True])
def test_bids_are_published_when_they_are_opened_and_not_a_moment_before(
    as_org: AsOrg, buyer: Any, supplier: Any, session: Session, server: bool
) -> None:
    rival = as_org(["supplier"])
    made = bidding.published(as_org, buyer, server=server)
    handed = [bidding.submit(made, supplier, "9850.00"), bidding.submit(made, rival, "9700.25")]
    bidding.pass_deadline(made)
    for release in releases(session):
        assert "bids" not in release
        assert "01234567890123" not in json.dumps(release)

    bidding.open_all(made)

    release = releases(session)[-1]
    assert release["tag"] == ["tenderUpdate"]
    assert release["tender"]["statusDetails"] == "bidsOpened"
    assert release["tender"]["bidOpening"]["date"] <= release["date"]
    assert release["bids"]["statistics"] == [{"id": "bids", "measure": "bids", "value": 2}]
    first, second = release["bids"]["details"]
    assert [first["id"], second["id"]] == [bid["id"] for bid in handed]
    assert first["tenderers"][0]["id"] == "KG-INN-01234567890123"
    assert (first["value"], second["value"]) == (
        {"amount": 5910000, "currency": "KGS"},
        {"amount": 5820150, "currency": "KGS"},
    )
    assert first["relatedLots"] == [made.tender["lots"][0]["id"]]
    roles = {each["id"]: each["roles"] for each in release["parties"]}
    assert roles["KG-INN-01234567890123"] == ["tenderer"]
    assert compiled(session) == merging.compiled(releases(session))


def test_a_bid_that_was_withdrawn_is_never_published(
    as_org: AsOrg, buyer: Any, supplier: Any, session: Session
) -> None:
    rival = as_org(["supplier"])
    made = bidding.published(as_org, buyer)
    gone, kept = bidding.submit(made, supplier), bidding.submit(made, rival, "9700")
    answer = supplier.post(f"/v1/bids/{gone['id']}/withdraw")
    assert answer.status_code == 200, answer.text

    bidding.finished(made, [kept])

    for row in session.exec(select(OcdsRelease)):
        assert gone["id"] not in row.body.decode()
        assert "01234567890123" not in row.body.decode()
    (record,) = session.exec(select(OcdsRecord))
    assert [bid["id"] for bid in record.compiled["bids"]["details"]] == [kept["id"]]


def test_what_is_asked_of_bids_is_published_with_the_tender(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    bidding.published(as_org, buyer, terms={"criteria": [CRITERION]})
    (release,) = releases(session)
    assert release["tender"]["criteria"] == [
        {
            "id": "experience",
            "title": "Опыт поставщика",
            "relatesTo": "tenderer",
            "requirementGroups": [
                {
                    "id": "experience",
                    "requirements": [
                        {
                            "id": "experience-years",
                            "title": "Опыт поставок, лет",
                            "dataType": "integer",
                            "minValue": 3,
                        }
                    ],
                }
            ],
        }
    ]


def test_a_tender_that_ends_without_bids_says_so(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    samples.ended(session, made)
    with db.worker_unit_of_work() as worker:
        assert procurement.close_due(worker, samples.tender_id(made))
    row = samples.row(session, made)
    last = releases(session)[-1]
    assert (last["tender"]["status"], last["tender"]["statusDetails"]) == (
        row.status,
        row.status_details,
    )
    assert last["tag"] == ["tenderUpdate"]
    assert ids.show("tender", row.id) == last["tender"]["id"]


def test_a_complaint_and_its_decision_are_published_without_who_complains(
    as_org: AsOrg, buyer: Any, supplier: Any, session: Session
) -> None:
    """The author and the reviewer act, not the buyer: whoever acts, the process is published."""
    made = samples.published(buyer)
    reviewer = as_org(["reviewer"])
    drafted = supplier.post(
        f"/v1/tenders/{made['id']}/complaints",
        json={
            "target": "tender",
            "title": {"ru": "Условия под одного"},
            "description": {"ru": "Требование называет одного изготовителя"},
            "remedy": {"ru": "Убрать требование"},
        },
    )
    assert drafted.status_code == 201, drafted.text
    assert len(releases(session)) == 1
    url = f"/v1/complaints/{drafted.json()['id']}"
    for actor, verb, body in (
        (supplier, "submit", {}),
        (reviewer, "accept", {"rationale": "Подана в срок"}),
        (reviewer, "decline", {"rationale": "Допускаются трое"}),
    ):
        answer = actor.post(f"{url}/{verb}", json=body)
        assert answer.status_code == 200, answer.text

    every = releases(session)
    told = [each["complaints"][0]["status"] for each in every if "complaints" in each]
    assert told == ["pending", "accepted", "declined"]
    (complaint,) = compiled(session)["complaints"]
    assert (complaint["target"], complaint["title"]) == ("tender", "Условия под одного")
    assert complaint["decision"]["description"] == "Допускаются трое"
    assert "01234567890123" not in json.dumps(every)
    assert compiled(session) == merging.compiled(every)


def test_an_award_is_published_when_it_is_decided_and_again_when_it_falls(
    as_org: AsOrg, buyer: Any, supplier: Any, session: Session
) -> None:
    over = bidding.opened(as_org, buyer, [(supplier, "9850")])
    tender_id, bid = over.bidding.uuid, over.bids[0]
    before = len(releases(session))

    def tell(event: str, **changed: Any) -> None:
        with db.worker_unit_of_work() as worker:
            award = worker.get(Award, award_id) or Award(
                id=award_id,
                tender_id=tender_id,
                lot_id=ids.parse("lot", over.tender["lots"][0]["id"]),
                bid_id=ids.parse("bid", bid["id"]),
                buyer_id=buyer.org_id,
                suppliers=[supplier.org_id],
                rank=1,
                value_amount=Decimal(5910000),
                value_currency="KGS",
                proposed_by="one",
            )
            for name, value in changed.items():
                setattr(award, name, value)
            worker.add(award)
            emit(
                worker,
                event,
                award.id,
                org_id=buyer.org_id,
                tender_id=tender_id.hex,
                lot_id=award.lot_id.hex,
                status=award.status,
            )

    award_id, now = uuid7(), datetime.now(UTC)
    tell("award.proposed")
    assert len(releases(session)) == before
    tell(
        "award.approved",
        status=AwardStatus.ACTIVE,
        decided_by="two",
        decided_at=now,
        decision="Лучшая цена",
    )
    tell(
        "award.cancelled",
        status=AwardStatus.CANCELLED,
        cancelled_at=now,
        cancellation_cause=CancellationCause.REFUSAL,
        cancellation_reason="Отказ победителя",
    )

    made, fallen = releases(session)[before:]
    assert (made["tag"], fallen["tag"]) == (["award"], ["awardCancellation"])
    (award,) = made["awards"]
    assert award | {"date": None} == {
        "id": ids.show("award", award_id),
        "status": "active",
        "date": None,
        "description": "Лучшая цена",
        "value": {"amount": 5910000, "currency": "KGS"},
        "suppliers": [award["suppliers"][0]],
        "relatedBid": bid["id"],
        "relatedLots": [over.tender["lots"][0]["id"]],
    }
    assert award["suppliers"][0]["id"] == "KG-INN-01234567890123"
    roles = {each["id"]: each["roles"] for each in compiled(session)["parties"]}
    assert roles["KG-INN-01234567890123"] == ["supplier", "tenderer"]
    assert compiled(session)["awards"][0]["status"] == "cancelled"
    assert compiled(session) == merging.compiled(releases(session))


def record_of(session: Session, ocid: str) -> dict[str, Any]:
    """The compiled release of one process among several."""
    session.rollback()
    session.expire_all()
    return session.exec(select(OcdsRecord).where(OcdsRecord.ocid == ocid)).one().compiled


def releases_of(session: Session, ocid: str) -> list[dict[str, Any]]:
    """The releases of one process among several, in order."""
    session.rollback()
    rows = session.exec(select(OcdsRelease).where(OcdsRelease.ocid == ocid))
    return [json.loads(row.body) for row in sorted(rows, key=lambda row: row.number)]


def criterion(id: str) -> dict[str, Any]:
    """Another criterion of one requirement."""
    requirement = {"id": f"{id}-asked", "title": {"ru": id}, "data_type": "boolean"}
    groups = [{"id": f"{id}-group", "requirements": [requirement]}]
    return {"id": id, "title": {"ru": id}, "requirement_groups": groups}


def test_what_an_amendment_no_longer_asks_for_is_gone_from_the_record(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    terms = {"criteria": [CRITERION, criterion("licence")]}
    made = bidding.published(as_org, buyer, server=True, terms=terms)

    def amended(*criteria: Any) -> list[str]:
        body = {"rationale": "Уточнение", "criteria": [*criteria]}
        answer = buyer.post(f"/v1/tenders/{made.id}/amend", json=body)
        assert answer.status_code == 200, answer.text
        session.rollback()
        tender = record_of(session, made.tender["ocid"])["tender"]
        return [each["id"] for each in tender.get("criteria", [])]

    assert amended(criterion("licence"), criterion("stock")) == ["licence", "stock"]
    assert amended() == []
    assert amended(CRITERION) == ["experience"]
    told = releases_of(session, made.tender["ocid"])
    assert merging.compiled(told) == record_of(session, made.tender["ocid"])


def test_by_what_bids_are_ranked_is_told_and_amended(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    rated = deciding.rated({**deciding.PRICE, "weight_bp": 8500}, deciding.METHOD)
    made = deciding.published(as_org, buyer, award=rated)
    plain = samples.published(buyer)
    session.rollback()

    def told() -> Any:
        session.rollback()
        return record_of(session, made.tender["ocid"])["tender"]

    before = told()
    lighter = deciding.rated({**deciding.PRICE, "weight_bp": 10_000})(made.tender)
    body = {"rationale": "Вес", "award_terms": lighter}
    assert buyer.post(f"/v1/tenders/{made.id}/amend", json=body).status_code == 200

    assert before["awardCriteria"] == "ratedCriteria"
    assert before["lots"][0]["awardCriteria"]["criteria"] == [
        {
            "type": "price",
            "name": "Цена",
            "numbers": [{"number": 85, "weight": "percentageExact"}],
        },
        {
            "type": "quality",
            "name": "Методика",
            "numbers": [
                {"number": 15, "weight": "percentageExact"},
                {"number": 40, "threshold": "minimumScore"},
            ],
        },
    ]
    (left,) = told()["lots"][0]["awardCriteria"]["criteria"]
    assert left["numbers"] == [{"number": 100, "weight": "percentageExact"}]
    assert record_of(session, plain["ocid"])["tender"]["awardCriteria"] == "priceOnly"
    assert "awardCriteria" not in record_of(session, plain["ocid"])["tender"]["lots"][0]


def test_a_cancellation_is_told_while_it_can_be_complained_about(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer, lots=[samples.lot(), samples.lot()])
    url = f"/v1/tenders/{made['id']}"
    chosen = [made["lots"][0]["id"]]
    wish = {"reason": "Нет средств", "lot_ids": chosen}
    assert buyer.post(f"{url}/cancel", json=wish).status_code == 200
    session.rollback()
    (pending,) = record_of(session, made["ocid"])["tender"]["cancellations"]
    (listed,) = buyer.get(f"{url}/cancellations").json()["items"]
    assert buyer.post(f"/v1/cancellations/{listed['id']}/withdraw").status_code == 200
    session.rollback()

    (withdrawn,) = record_of(session, made["ocid"])["tender"]["cancellations"]

    assert (pending["id"], pending["status"], pending["relatedLots"]) == (
        listed["id"],
        "pending",
        chosen,
    )
    assert datetime.fromisoformat(pending["complaintPeriod"]["endDate"]) == datetime.fromisoformat(
        listed["complaint_period_end"]
    )
    assert (withdrawn["id"], withdrawn["status"]) == (pending["id"], "withdrawn")
    assert withdrawn["dateEnded"] >= pending["date"]
    assert "cancellation" not in record_of(session, made["ocid"])["tender"]


def test_a_tender_from_before_the_releases_is_published_as_it_stands_and_once(
    as_org: AsOrg, session: Session, superuser: Any
) -> None:
    """With its bids, awards and signed contract; a draft and what has releases are left alone."""
    case = awarding.ranked(session, as_org, suppliers=2)
    samples.drafted(case.parties.buyer)
    newer = samples.published(case.parties.buyer)
    signing.in_force(case, awarding.awarded(case))
    session.rollback()
    before = record_of(session, case.tender["ocid"])
    superuser.execute("DELETE FROM ocds_release WHERE ocid <> %s", [newer["ocid"]])
    superuser.execute("DELETE FROM ocds_record WHERE ocid <> %s", [newer["ocid"]])

    first = CliRunner().invoke(main, ["opendata", "backfill"])
    second = CliRunner().invoke(main, ["opendata", "backfill"])

    assert (first.exit_code, first.stdout) == (0, "1 tenders published.\n"), first.stdout
    assert second.stdout == "0 tenders published.\n"
    (told,) = releases_of(session, case.tender["ocid"])
    assert told["tag"] == ["tender", "award", "contract"]
    after = record_of(session, case.tender["ocid"])
    for section in ("awards", "contracts", "buyer"):
        assert after[section] == before[section], section
    assert after["tender"]["status"] == "complete"
    assert len(after["bids"]["details"]) == 2
    assert len(releases_of(session, newer["ocid"])) == 1
