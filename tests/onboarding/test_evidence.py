"""Organisations are verified by documents that another person reviews, for as long as they count."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db, deadlines, settings
from api.core.outbox import OutboxEvent
from api.identity import evidence_lists, levels
from api.identity.models import Attestation, Organisation
from api.onboarding import evidence, names
from api.onboarding.models import Evidence
from api.rules.clock import local_date
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import OrgRole
from tests.onboarding import applying
from tests.onboarding.applying import application, handed_in, url

type AsOrg = Callable[..., Any]
APPLICANT: dict[str, Any] = {"status": OrganisationStatus.DRAFT, "verification_level": 0}


@pytest.fixture
def operator(as_org: AsOrg) -> Any:
    return as_org(["operator"])


@pytest.fixture
def applicant(as_org: AsOrg) -> Any:
    return as_org(["supplier"], **APPLICANT)


def level_on(session: Session, owner: Any, day: date) -> int:
    return levels.levels(session, [owner.org_id], day)[owner.org_id]


def events(session: Session, kind: str) -> list[OutboxEvent]:
    query = select(OutboxEvent).where(OutboxEvent.type == kind).order_by(OutboxEvent.id)  # type: ignore[arg-type]
    return [*session.exec(query)]


def test_a_supplier_applies_and_is_verified_by_its_documents(operator: Any, applicant: Any) -> None:
    before = application(applicant)
    assert (before["status"], before["verification_level"]) == ("draft", 0)
    assert {each["kind"] for each in before["asked"] if each["level"] == 1} == {*applying.KINDS}
    assert {each["state"] for each in before["asked"]} == {"missing"}
    early = applicant.post("/v1/organisations/me/submit")
    assert (early.status_code, early.json()["code"]) == (409, "evidence_missing")
    assert "registry_extract" in early.json()["detail"]

    made = [handed_in(applicant, kind).json() for kind in applying.KINDS]
    sent = applicant.post("/v1/organisations/me/submit").json()
    assert sent["status"] == "submitted"
    assert {e["state"] for e in sent["asked"] if e["level"] == 1} == {"in_review"}

    where = url(applicant)
    assert operator.post(f"{where}/review", json={"reason": "In turn"}).status_code == 200
    too_soon = operator.post(f"{where}/approve", json={"reason": "All right"})
    assert (too_soon.status_code, too_soon.json()["code"]) == (409, "evidence_missing")
    for each in made:
        assert operator.post(f"/v1/evidence/{each['id']}/accept", json={}).status_code == 200
    approved = operator.post(f"{where}/approve", json={"reason": "All right"})

    assert approved.json()["status"] == "verified"
    me = applicant.get("/v1/organisations/me").json()
    assert (me["status"], me["verification_level"]) == ("verified", 1)


def test_an_applicant_prepares_offers_but_is_not_shown_and_does_not_bid(
    operator: Any, applicant: Any, as_org: AsOrg
) -> None:
    listed = [row["id"] for row in as_org(["buyer"]).get("/v1/organisations").json()["items"]]
    refused = applicant.get("/v1/tenders")

    assert url(applicant).rpartition("/")[2] not in listed
    assert (refused.status_code, refused.json()["code"]) == (403, "organisation_not_active")
    assert applicant.get("/v1/offers").status_code == 200
    entered = operator.post(
        "/v1/organisations",
        json={
            "roles": ["supplier"],
            "legal_name": {"ru": "Заявитель"},
            "identifier": {"scheme": "KG-INN", "id": "01234567890123"},
            "draft": True,
        },
    )
    assert entered.json()["status"] == "draft"


def test_an_application_is_returned_to_be_completed(operator: Any, as_org: AsOrg) -> None:
    owner = as_org(["supplier"], status=OrganisationStatus.UNDER_REVIEW, verification_level=0)

    back = operator.post(f"{url(owner)}/return", json={"reason": "The bank letter is missing"})

    assert back.json()["status"] == "draft"
    assert operator.post(f"{url(owner)}/return", json={"reason": "again"}).status_code == 409
    assert owner.post(f"{url(owner)}/review", json={"reason": "mine"}).status_code == 403


def test_a_badge_lapses_by_itself_on_the_day_after_its_evidence(
    operator: Any, applicant: Any, session: Session
) -> None:
    today = local_date(db.now(session))
    end = today + timedelta(days=40)
    applying.registered(operator, applicant, valid_through=end.isoformat())

    assert application(applicant)["level_through"] == end.isoformat()
    assert level_on(session, applicant, end) == 1
    assert level_on(session, applicant, end + timedelta(days=1)) == 0


def test_evidence_renewed_in_time_keeps_the_level_and_asks_for_no_notice(
    operator: Any, applicant: Any, session: Session
) -> None:
    today = local_date(db.now(session))
    end, later = today + timedelta(days=20), today + timedelta(days=300)
    first, _ = applying.registered(operator, applicant, valid_through=end.isoformat())
    applying.registered(
        operator, applicant, valid_from=today.isoformat(), valid_through=later.isoformat()
    )

    assert application(applicant)["level_through"] == later.isoformat()
    assert {level_on(session, applicant, today + timedelta(days=n)) for n in range(301)} == {1}
    row = session.get_one(Evidence, applying.uuid(first, "evidence"))
    row.told = [90]
    session.commit()
    evidence.notify(session, row.id)
    session.commit()
    assert events(session, "evidence.expires_soon") == []
    assert session.get_one(Evidence, row.id).told == [90, 30]


def test_a_notice_is_given_once(
    operator: Any, applicant: Any, session: Session, drain: Callable[[], int]
) -> None:
    today = local_date(db.now(session))
    end = today + timedelta(days=20)
    made, _ = applying.registered(operator, applicant, valid_through=end.isoformat())
    row = session.get_one(Evidence, applying.uuid(made, "evidence"))
    assert row.told == [90, 30]
    row.told = [90]
    session.commit()

    seventh = db.now(session) + timedelta(days=14)
    with db.worker_unit_of_work() as clock:
        assert deadlines.fire_due(clock, seventh) >= 2
    drain()
    evidence.notify(session, row.id)
    session.commit()

    (told,) = events(session, "evidence.expires_soon")
    assert (told.payload["days_left"], told.payload["valid_through"]) == (20, end.isoformat())


def test_a_level_that_lapses_has_the_offers_matched_anew(
    operator: Any, applicant: Any, session: Session
) -> None:
    applying.registered(operator, applicant)
    before = len(events(session, "organisation.changed"))

    levels.announce(session, applicant.org_id)
    session.commit()

    assert len(events(session, "organisation.changed")) == before + 1


def test_who_uploads_does_not_review_and_only_the_operator_does(
    operator: Any, applicant: Any, session: Session
) -> None:
    own = handed_in(operator).json()
    alone = operator.post(f"/v1/evidence/{own['id']}/accept", json={})
    other = handed_in(applicant).json()
    stranger = applicant.post(f"/v1/evidence/{other['id']}/accept", json={})

    assert (alone.status_code, alone.json()["code"]) == (409, "reviewed_alone")
    assert stranger.status_code == 403
    assert session.exec(select(Attestation)).all() == []
    second = applying.second_client(operator)
    assert second.post(f"/v1/evidence/{own['id']}/accept", json={}).json()["status"] == "accepted"


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"kind": "horoscope"}, "#?query/kind", "unknown_evidence_kind"),
        ({"valid_through": "2026-10-01"}, "#?query/valid_through", "before_start"),
        ({"name": "paper.exe"}, "#?query/name", "extension_refused"),
        ({"body": b"not a picture", "name": "scan.png"}, "#/", "format_mismatch"),
    ],
)
def test_bad_documents_are_refused_by_name_and_nothing_is_kept(
    applicant: Any, session: Session, said: dict[str, Any], pointer: str, code: str
) -> None:
    answer = handed_in(applicant, **said)

    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]
    assert session.exec(select(Evidence)).all() == []


def test_an_unreadable_scan_is_said_so_and_stays_with_the_reason(
    operator: Any, applicant: Any
) -> None:
    made = handed_in(applicant).json()
    said = {"code": "unreadable", "reason": "Page 2 is blank"}

    refused = operator.post(f"/v1/evidence/{made['id']}/reject", json=said)

    assert refused.status_code == 200, refused.text
    seen = applicant.get(f"/v1/evidence/{made['id']}").json()
    assert (seen["status"], seen["rejection"], seen["reason"]) == (
        "rejected",
        "unreadable",
        "Page 2 is blank",
    )
    kept = applicant.get(f"/v1/evidence/{made['id']}/content")
    assert kept.content == applying.PDF + b"registry_extract"
    assert operator.post(f"/v1/evidence/{made['id']}/accept", json={}).status_code == 409


def test_what_no_scanner_has_cleared_is_not_accepted(
    operator: Any, applicant: Any, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    monkeypatch.setattr(settings.get(), "documents_scanned", True)
    made = handed_in(applicant).json()

    answers = [
        operator.post(f"/v1/evidence/{made['id']}/accept", json={}),
        operator.get(f"/v1/evidence/{made['id']}/content"),
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(409, "document_withheld")] * 2
    assert session.exec(select(Attestation)).all() == []


def test_a_paper_that_has_run_out_proves_nothing(
    operator: Any, applicant: Any, session: Session
) -> None:
    made = handed_in(applicant, valid_from="2020-01-01", valid_through="2021-01-01").json()

    late = operator.post(f"/v1/evidence/{made['id']}/accept", json={})
    backwards = operator.post(
        f"/v1/evidence/{made['id']}/accept", json={"valid_through": "2019-01-01"}
    )

    assert (late.status_code, late.json()["code"]) == (409, "evidence_lapsed")
    assert backwards.json()["errors"][0]["pointer"] == "#/valid_through"
    assert session.exec(select(Attestation)).all() == []
    assert applicant.get(f"/v1/evidence/{made['id']}").json()["status"] == "submitted"


def test_revoked_evidence_takes_its_level_at_once(
    operator: Any, applicant: Any, session: Session
) -> None:
    made, _ = applying.registered(operator, applicant)
    assert application(applicant)["verification_level"] == 1

    said = {"reason": "The register does not know it"}
    answer = operator.post(f"/v1/evidence/{made['id']}/revoke", json=said)

    assert answer.json()["status"] == "revoked"
    assert application(applicant)["verification_level"] == 0
    assert len(events(session, "evidence.revoked")) == 1


def test_only_what_waits_is_taken_back_and_strangers_see_nothing(
    operator: Any, applicant: Any, as_org: AsOrg
) -> None:
    made, stranger = handed_in(applicant).json(), as_org(["supplier"])
    where = f"/v1/evidence/{made['id']}"

    assert stranger.get(where).status_code == 404
    assert stranger.get(f"{where}/content").status_code == 404
    assert stranger.post(f"{where}/withdraw").status_code == 404
    assert stranger.get(f"{url(applicant)}/application").status_code == 404
    assert stranger.get("/v1/evidence").json()["items"] == []
    assert [e["id"] for e in operator.get("/v1/evidence?status=submitted").json()["items"]] == [
        made["id"]
    ]
    assert applicant.post(f"{where}/withdraw").json()["status"] == "withdrawn"
    assert applicant.post(f"{where}/withdraw").status_code == 409
    assert operator.post(f"{where}/accept", json={}).status_code == 409


def test_the_operators_word_lapses_too(operator: Any, as_org: AsOrg, session: Session) -> None:
    owner = as_org(["supplier"], status=OrganisationStatus.SUBMITTED, verification_level=0)
    operator.post(f"{url(owner)}/verify", json={"level": 2})

    row = session.get_one(Organisation, owner.org_id)
    assert row.verified_through is not None
    assert level_on(session, owner, row.verified_through) == 2
    assert level_on(session, owner, row.verified_through + timedelta(days=1)) == 0


def test_a_restricted_organisation_is_not_counted_as_verified(operator: Any, as_org: AsOrg) -> None:
    owner = as_org(["supplier"])

    assert (
        operator.post(f"{url(owner)}/restrict", json={"reason": "Doubts"}).json()["status"]
        == "restricted"
    )
    assert owner.get("/v1/tenders").status_code == 200
    lifted = operator.post(f"{url(owner)}/lift-restriction", json={"reason": "Cleared"})
    assert lifted.json()["status"] == "verified"


def test_names_of_one_party_in_four_scripts_are_alike_and_a_hint_refuses_nothing(
    operator: Any, as_org: AsOrg
) -> None:
    same = {"ru": "ОсОО «Капитал»", "en": "Kapital LLC", "ky": "Капитал ЖЧК"}
    han = {"zh": "义乌市恒达文具有限公司", "en": "Yiwu Hengda Wenju Co., Ltd."}
    assert names.between(same) == []
    assert names.between(han) == []
    assert names.against(han, "YIWU HENGDA WENJU") is None
    assert names.against(han, "Иу Хэнда Вэньцзюй") is None

    owner = as_org(["supplier"], legal_name=han, **APPLICANT)
    made = handed_in(owner, holder_name="Guangzhou Silk Import").json()
    assert made["name_hint"]["one"] == "Guangzhou Silk Import"
    assert made["name_hint"]["likeness"] < names.LIKE_ENOUGH
    taken = operator.post(f"/v1/evidence/{made['id']}/accept", json={"note": "A former name"})
    assert taken.json()["status"] == "accepted"


def test_every_role_in_every_country_is_asked_for_something_described(applicant: Any) -> None:
    shown = applicant.get("/v1/evidence-list").json()

    assert shown["review"] == "unreviewed"
    assert all({*kind["names"]} == {"ky", "ru", "en", "zh"} for kind in shown["kinds"])
    for country in ("KG", "CN", "KZ"):
        for role in OrgRole:
            asked = evidence_lists.required(country, [role], date(2027, 1, 1))
            assert asked[1], (country, role)
    assert json.dumps(shown)
