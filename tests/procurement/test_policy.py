"""A tender under the law of its day: chosen, checked and frozen at publication."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db, settings
from api.core.audit import AuditEntry
from api.core.deadlines import fire_due
from api.procurement import service as procurement
from api.procurement.models import Tender
from api.reference.models import WorkCalendarDay
from api.rules.clock import BISHKEK, local_date
from api.rules.policy import ProcurementRegime
from api.rules.tenders import TenderStage, TenderStatus
from tests.procurement import samples
from tests.procurement.law import policy_set

type AsOrg = Callable[..., Any]
MILLISECOND = timedelta(milliseconds=1)
MONDAY = datetime(2027, 3, 1, 10, tzinfo=BISHKEK)
"""8 March of that week is a holiday, 9 March (Orozo Ait) too."""


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def kazakh(as_org: AsOrg) -> Any:
    """A buyer whose law the tests themselves enter."""
    return as_org(["buyer"], country="KZ")


@pytest.fixture
def operator(as_org: AsOrg) -> Any:
    return as_org(["operator"])


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let the database's clock say an instant."""

    def set_to(moment: datetime) -> None:
        fixed = moment.astimezone(UTC)
        monkeypatch.setattr("api.core.db.now", lambda _: fixed)

    return set_to


def enter(operator: Any, **changed: Any) -> Any:
    """Enter a set of Kazakhstan; fields of the set by name, parameters in `parameters`."""
    parameters = changed.pop("parameters", {})
    answer = operator.post("/v1/policy-sets", json={**policy_set(**parameters), **changed})
    assert answer.status_code == 201, answer.text
    return answer.json()


def publish(buyer: Any, made: Any) -> Any:
    return buyer.post(f"/v1/tenders/{made['id']}/publish")


def far(**changed: Any) -> dict[str, Any]:
    """Fields of a tender whose lot is delivered long after any deadline of these tests."""
    lot = samples.lot(
        delivery_period_start="2027-10-01", delivery_period_end="2027-12-01", value=None
    )
    return {"lots": [lot], **changed}


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


STATE, SOE, GENERIC = ProcurementRegime


@pytest.mark.parametrize(
    ("regime", "procedure", "fields", "earliest", "method"),
    [
        (STATE, "open", {}, MONDAY + timedelta(days=21), "open"),
        # Three working days from Monday; two from Monday.
        (STATE, "rfq", {"amount": "1000000"}, MONDAY + timedelta(days=3), "open"),
        (
            STATE,
            "single_source",
            {"ground": "urgentNeed", "amount": "50000"},
            MONDAY + MILLISECOND,
            "direct",
        ),
        (SOE, "open", {}, MONDAY + timedelta(days=14), "open"),
        (SOE, "rfq", {"amount": "9000000"}, MONDAY + timedelta(days=3), "open"),
        (SOE, "single_source", {"amount": "50000"}, MONDAY + MILLISECOND, "direct"),
        (GENERIC, "open", {}, MONDAY + timedelta(days=14), "open"),
        (GENERIC, "rfq", {}, MONDAY + timedelta(days=3), "limited"),
        (GENERIC, "single_source", {"ground": "urgency"}, MONDAY + MILLISECOND, "direct"),
    ],
)
def test_each_procedure_of_each_regime_has_its_least_period_to_the_millisecond(
    as_org: AsOrg,
    session: Session,
    at: Callable[[datetime], None],
    regime: ProcurementRegime,
    procedure: str,
    fields: dict[str, str],
    earliest: datetime,
    method: str,
) -> None:
    at(MONDAY)
    buyer = as_org(["buyer"], procurement_regime=regime)
    value = {"amount": fields["amount"], "currency": "KGS"} if "amount" in fields else None
    samples.planned(buyer, year=MONDAY.year)
    made = samples.drafted(
        buyer,
        **far(
            procedure=procedure,
            value=value,
            procurement_method_ground=fields.get("ground"),
            tender_period_end=earliest.isoformat(),
        ),
    )
    found = samples.row(session, made)
    found.tender_period_end = earliest - MILLISECOND
    session.commit()

    early = publish(buyer, made)
    found = samples.row(session, made)
    assert (found.status, found.policy) == (TenderStatus.DRAFT, None)
    found.tender_period_end = earliest
    session.commit()
    answer = publish(buyer, made)

    refusal = "deadline_in_past" if earliest - MILLISECOND <= MONDAY else "tender_period_too_short"
    assert (early.status_code, early.json()["code"]) == (409, refusal)
    assert answer.status_code == 200, answer.text
    assert answer.json()["procurement_method"] == method
    frozen = buyer.get(f"/v1/tenders/{made['id']}/policy").json()
    assert (frozen["procedure"], frozen["regime"]) == (procedure, regime)
    assert frozen["policy_set_id"] == answer.json()["policy_set_id"]


@pytest.mark.parametrize(
    ("published", "earliest"),
    [
        # Friday: Monday 8 and Tuesday 9 March are holidays; the third working day is Friday 12.
        ("2027-03-05 10:00", "2027-03-12 10:00"),
        # Sunday: counted from Monday 1 March on, all of three days.
        ("2027-02-28 10:00", "2027-03-04 00:00"),
        # Thursday: Friday 5, Wednesday 10, Thursday 11.
        ("2027-03-04 10:00", "2027-03-11 10:00"),
    ],
)
def test_working_days_leave_out_weekends_and_holidays(
    as_org: AsOrg,
    session: Session,
    at: Callable[[datetime], None],
    published: str,
    earliest: str,
) -> None:
    buyer = as_org(["buyer"], procurement_regime=SOE)
    at(datetime.fromisoformat(published).replace(tzinfo=BISHKEK))
    end = datetime.fromisoformat(earliest).replace(tzinfo=BISHKEK)
    made = samples.drafted(buyer, **far(procedure="rfq", tender_period_end=end.isoformat()))
    found = samples.row(session, made)
    found.tender_period_end = end - MILLISECOND
    session.commit()
    early = publish(buyer, made)
    samples.row(session, made).tender_period_end = end
    session.commit()

    assert early.json()["code"] == "tender_period_too_short"
    assert publish(buyer, made).status_code == 200


def test_a_decree_that_makes_a_saturday_a_working_day_is_a_row(
    as_org: AsOrg, session: Session, at: Callable[[datetime], None]
) -> None:
    buyer = as_org(["buyer"], procurement_regime=SOE)
    at(datetime(2027, 4, 8, 10, tzinfo=BISHKEK))  # a Thursday
    end = datetime(2027, 4, 12, 10, tzinfo=BISHKEK)  # the Monday: two working days later
    made = samples.drafted(buyer, **far(procedure="rfq", tender_period_end=end.isoformat()))
    before = publish(buyer, made)
    session.add(
        WorkCalendarDay(
            calendar="KG",
            year=2027,
            day=date(2027, 4, 10),
            working=True,
            names={"ru": "Рабочая суббота"},
            source="Decree",
        )
    )
    session.commit()

    assert (before.status_code, before.json()["code"]) == (409, "tender_period_too_short")
    assert publish(buyer, made).status_code == 200


def test_a_deadline_in_a_year_that_nobody_entered_is_refused_and_not_guessed(
    as_org: AsOrg, session: Session, at: Callable[[datetime], None]
) -> None:
    buyer = as_org(["buyer"], procurement_regime=SOE)
    at(datetime(2061, 3, 1, 10, tzinfo=BISHKEK))
    end = datetime(2061, 5, 1, tzinfo=BISHKEK)
    lot = samples.lot(
        delivery_period_start="2061-10-01", delivery_period_end="2061-12-01", value=None
    )
    made = samples.drafted(buyer, procedure="rfq", tender_period_end=end.isoformat(), lots=[lot])

    answer = publish(buyer, made)

    assert (answer.status_code, answer.json()["code"]) == (409, "calendar_year_missing")
    assert "KG has no year 2061" in answer.json()["detail"]
    found = samples.row(session, made)
    assert (found.status, found.policy, found.version) == (TenderStatus.DRAFT, None, 1)


def test_the_windows_are_computed_at_publication_and_stored(
    buyer: Any, at: Callable[[datetime], None], session: Session
) -> None:
    at(MONDAY)
    end = MONDAY + timedelta(days=30)
    made = samples.drafted(buyer, **far(tender_period_end=end.isoformat()))

    body = publish(buyer, made).json()

    # Five days before Wednesday 31 March; three working days after Friday 26 March, to the end.
    assert instant(body["enquiry_period_end"]) == datetime(2027, 3, 26, 10, tzinfo=BISHKEK)
    assert instant(body["clarification_until"]) == datetime(2027, 3, 31, 10, tzinfo=BISHKEK)
    assert instant(body["complaint_period_end"]) == datetime(2027, 3, 28, 10, tzinfo=BISHKEK)
    assert body["procurement_method_details"] == "Неограниченный метод"
    stream = f"tender:{samples.tender_id(made).hex}"
    entries = session.exec(select(AuditEntry).where(AuditEntry.stream == stream)).all()
    (change,) = [entry.change for entry in entries if entry.action == "publish"]
    earliest = datetime.fromisoformat(change["earliest_tender_period_end"])
    assert earliest == MONDAY + timedelta(days=21)
    assert f"policy_{change['policy_set']}" == body["policy_set_id"]


def test_an_enquiry_window_that_leaves_too_little_time_is_refused(
    buyer: Any, at: Callable[[datetime], None], session: Session
) -> None:
    at(MONDAY)
    end, latest = MONDAY + timedelta(days=30), MONDAY + timedelta(days=25)
    late = samples.drafted(
        buyer,
        **far(
            tender_period_end=end.isoformat(),
            enquiry_period_end=(latest + MILLISECOND).isoformat(),
        ),
    )
    answer = publish(buyer, late)
    assert (answer.status_code, answer.json()["code"]) == (409, "terms_inconsistent")
    assert samples.pointers(answer) == ["#/enquiry_period_end"]
    assert samples.row(session, late).status is TenderStatus.DRAFT

    changed = buyer.patch(
        f"/v1/tenders/{late['id']}", json={"enquiry_period_end": latest.isoformat()}
    )
    assert changed.status_code == 200
    assert instant(publish(buyer, late).json()["enquiry_period_end"]) == latest


def test_the_law_changes_at_local_midnight(
    kazakh: Any, operator: Any, session: Session, at: Callable[[datetime], None]
) -> None:
    at(MONDAY)
    old = enter(operator)
    enter(
        operator,
        valid_from="2027-03-10",
        replaces=old["id"],
        title={"ru": "Новый закон"},
        parameters={"min_tendering_duration": {"days": 20, "unit": "calendar", "rounding": "none"}},
    )
    midnight = datetime.combine(date(2027, 3, 10), time.min, BISHKEK)
    end = midnight + timedelta(days=10)
    first, second = (
        samples.drafted(kazakh, **far(tender_period_end=end.isoformat())) for _ in range(2)
    )

    at(midnight - MILLISECOND)  # still 9 March in Bishkek, as it is in UTC for six hours more
    before = publish(kazakh, first)
    at(midnight)
    after = publish(kazakh, second)

    assert (before.status_code, before.json()["policy_set_id"]) == (200, old["id"])
    assert (after.status_code, after.json()["code"]) == (409, "tender_period_too_short")
    assert samples.row(session, second).status is TenderStatus.DRAFT


def test_a_published_tender_keeps_its_numbers_when_the_law_changes(
    kazakh: Any, operator: Any, session: Session
) -> None:
    now = db.now(session)
    old = enter(operator)
    made = samples.published(kazakh)
    before = kazakh.get(f"/v1/tenders/{made['id']}/policy").json()
    enter(
        operator,
        valid_from=local_date(now).isoformat(),
        replaces=old["id"],
        parameters={"min_extension": {"days": 9, "unit": "calendar", "rounding": "none"}},
    )
    found = samples.row(session, made)
    found.tender_period_start = now - timedelta(days=20)
    found.tender_period_end = now + timedelta(hours=1)
    session.commit()

    lot = made["lots"][0]
    answer = kazakh.post(
        f"/v1/tenders/{made['id']}/amend",
        json={
            "rationale": "x",
            "lots": [{"id": lot["id"], "title": {"ru": "Другие парты", "ky": "Башка парталар"}}],
        },
    )

    assert answer.status_code == 200, answer.text
    end = instant(answer.json()["tender_period_end"])
    assert end is not None
    assert timedelta(days=2) <= end - now < timedelta(days=2, minutes=1)
    assert kazakh.get(f"/v1/tenders/{made['id']}/policy").json() == before
    assert procurement.policy_of(samples.row(session, made)).min_extension.days == 2
    assert samples.published(kazakh)["policy_set_id"] != old["id"]


def test_the_database_lets_nobody_thaw_frozen_rules(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    whole = "policy_set_id = NULL, policy = NULL"
    for change in ("policy = '{}'", "mode = 'test'", "zone = 'Asia/Almaty'", whole):
        with pytest.raises(DBAPIError, match="frozen"):
            session.connection().exec_driver_sql(f"UPDATE tender SET {change}")
        session.rollback()
    assert samples.row(session, made).policy is not None


def test_a_draft_has_no_frozen_rules_and_strangers_see_those_of_published_tenders(
    buyer: Any, as_org: AsOrg
) -> None:
    draft, public = samples.drafted(buyer), samples.published(buyer)
    stranger = as_org(["supplier"])

    own = buyer.get(f"/v1/tenders/{draft['id']}/policy")
    assert (own.status_code, own.json()["code"]) == (409, "policy_not_frozen")
    assert stranger.get(f"/v1/tenders/{draft['id']}/policy").status_code == 404
    shown = stranger.get(f"/v1/tenders/{public['id']}/policy").json()
    assert (shown["jurisdiction"], shown["regime"], shown["procedure"]) == ("KG", "state", "open")
    assert shown["parameters"]["standstill_duration"]["days"] == 7
    assert shown["sources"]["standstill_duration"]["reviewed"] is False


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"procedure": "rfq"}, "#/value/amount", "above_threshold"),
        ({"procedure": "single_source"}, "#/procurement_method_ground", "missing"),
        (
            {"procedure": "single_source", "procurement_method_ground": "friendship"},
            "#/procurement_method_ground",
            "unknown_ground",
        ),
        (
            {"procedure": "rfq", "lots": [samples.lot(value=None)]},
            "#/value",
            "missing",
        ),
    ],
)
def test_a_procedure_is_refused_where_the_law_does_not_allow_it(
    buyer: Any, session: Session, fields: dict[str, Any], pointer: str, code: str
) -> None:
    made = samples.drafted(buyer, **fields)

    answer = publish(buyer, made)

    assert (answer.status_code, answer.json()["code"]) == (409, "procedure_not_allowed")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert samples.row(session, made).status is TenderStatus.DRAFT
    assert samples.row(session, made).policy is None


def test_a_value_in_another_currency_is_compared_at_the_rate_of_the_day(
    buyer: Any, operator: Any, session: Session
) -> None:
    value = {"amount": "10000.00", "currency": "USD"}
    made = samples.drafted(buyer, procedure="rfq", lots=[samples.lot(value=None)], value=value)
    unknown = publish(buyer, made)
    day = local_date(db.now(session)).isoformat()
    rate = {"day": day, "base": "USD", "quote": "KGS", "rate": "100.0001", "source": "Bank"}
    assert operator.post("/v1/fx-rates", json=rate).status_code == 201
    above = publish(buyer, made)
    rate |= {"rate": "100", "source": "Correction"}
    assert operator.post("/v1/fx-rates", json=rate).status_code == 201

    assert (unknown.status_code, unknown.json()["code"]) == (409, "rate_unknown")
    assert [e["code"] for e in above.json()["errors"]] == ["above_threshold"]
    assert publish(buyer, made).status_code == 200


@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_procedure_that_the_buyer_does_not_have_is_refused_in_the_draft(
    buyer: Any, session: Session, method: str
) -> None:
    if method == "post":
        answer = buyer.post("/v1/tenders", json=samples.tender(procedure="lottery"))
    else:
        made = samples.drafted(buyer)
        answer = buyer.patch(f"/v1/tenders/{made['id']}", json={"procedure": "lottery"})

    assert (answer.status_code, samples.pointers(answer)) == (422, ["#/procedure"])
    session.rollback()
    assert [t.procedure for t in session.exec(select(Tender))] == ["open"] * (method == "patch")


def test_a_new_procedure_is_a_row_and_not_a_release(kazakh: Any, operator: Any) -> None:
    enter(operator, procedure="reverse_dutch", codes={"ocds": "limited"}, title={"en": "Dutch"})

    made = samples.published(kazakh, procedure="reverse_dutch")

    assert (made["procurement_method"], made["procurement_method_details"]) == ("limited", "Dutch")


def test_without_a_set_in_force_nothing_is_published(
    kazakh: Any, operator: Any, session: Session, at: Callable[[datetime], None]
) -> None:
    at(MONDAY)
    only = enter(operator)
    end = MONDAY + timedelta(days=60)
    made = samples.drafted(kazakh, **far(tender_period_end=end.isoformat()))
    ended = operator.post(f"/v1/policy-sets/{only['id']}/end", json={"valid_to": "2027-03-02"})
    assert ended.status_code == 200
    at(MONDAY + timedelta(days=1))

    answer = publish(kazakh, made)

    assert (answer.status_code, answer.json()["code"]) == (409, "policy_missing")
    assert samples.row(session, made).status is TenderStatus.DRAFT


def test_the_operator_says_whose_rules_a_buyer_follows(buyer: Any, operator: Any) -> None:
    first = samples.published(buyer)
    url = f"/v1/organisations/organisation_{buyer.org_id.hex}/set-regime"
    body = {"procurement_regime": "state_enterprise", "reason": "Resolution 301"}

    denied = buyer.post(url, json=body)
    answer = operator.post(url, json=body)
    second = samples.published(buyer)

    assert denied.status_code == 403
    assert (answer.status_code, answer.json()["procurement_regime"]) == (200, "state_enterprise")
    regimes = [
        buyer.get(f"/v1/tenders/{made['id']}/policy").json()["regime"] for made in (first, second)
    ]
    assert regimes == ["state", "state_enterprise"]


def test_an_accelerated_test_tender_lives_its_life_in_minutes(
    buyer: Any, as_org: AsOrg, session: Session, drain: Callable[[], int]
) -> None:
    """A day lasts a minute: 21 minutes are enough, and the clock is advanced by those."""
    now = db.now(session)
    end = now + timedelta(minutes=21, seconds=30)
    made = samples.drafted(buyer, mode="test", accelerator=1440, tender_period_end=end.isoformat())

    body = publish(buyer, made).json()
    samples.bid_on(session, made, as_org(["supplier"]))
    with db.worker_unit_of_work() as clock:
        early = fire_due(clock, db.now(clock))
    moved = buyer.get("/v1/tenders/" + made["id"]).json()["status_details"]
    session.connection().exec_driver_sql(
        "INSERT INTO clock_shift (id, created_at, updated_at, seconds, actor)"
        " VALUES (gen_random_uuid(), now(), now(), 1300, 'test')"
    )
    session.commit()
    with db.worker_unit_of_work() as clock:
        assert fire_due(clock, db.now(clock)) == 1
    drain()

    assert (body["status"], body["mode"], body["accelerator"]) == ("active", "test", 1440)
    assert instant(body["enquiry_period_end"]) == end - timedelta(minutes=5)
    assert instant(body["clarification_until"]) == end - timedelta(minutes=2)
    assert (early, moved) == (0, "published")
    assert samples.row(session, made).status_details is TenderStage.BID_OPENING_PENDING


def test_an_accelerated_period_is_still_a_least_one(buyer: Any, session: Session) -> None:
    end = db.now(session) + timedelta(minutes=20)
    made = samples.drafted(buyer, mode="test", accelerator=1440, tender_period_end=end.isoformat())

    answer = publish(buyer, made)

    assert (answer.status_code, answer.json()["code"]) == (409, "tender_period_too_short")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"accelerator": 1440}, "#/"),
        ({"mode": "live", "accelerator": 2}, "#/"),
        ({"mode": "test", "accelerator": 0}, "#/accelerator"),
        ({"mode": "test", "accelerator": 86_401}, "#/accelerator"),
        ({"mode": "demo"}, "#/mode"),
    ],
)
def test_only_a_test_tender_is_accelerated(
    buyer: Any, session: Session, fields: dict[str, Any], pointer: str
) -> None:
    answer = buyer.post("/v1/tenders", json=samples.tender(**fields))

    assert (answer.status_code, samples.pointers(answer)) == (422, [pointer])
    assert session.exec(select(Tender)).all() == []


def test_there_are_no_test_tenders_in_production(
    buyer: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = samples.drafted(buyer, mode="test")
    real = settings.get().model_copy(update={"environment": "production"})
    monkeypatch.setattr(settings, "get", lambda: real)

    made = buyer.post("/v1/tenders", json=samples.tender(mode="test"))
    published = publish(buyer, copied)

    assert (made.status_code, made.json()["code"]) == (403, "sandbox_only")
    assert (published.status_code, published.json()["code"]) == (403, "sandbox_only")
    assert samples.row(session, copied).status is TenderStatus.DRAFT


def test_a_tender_older_than_policy_sets_can_be_cancelled_but_not_amended(
    buyer: Any, session: Session, superuser: Any
) -> None:
    made = samples.published(buyer)
    superuser.execute("UPDATE tender SET policy = NULL, policy_set_id = NULL")

    amended = buyer.post(
        f"/v1/tenders/{made['id']}/amend", json={"rationale": "x", "title": {"ru": "Другое"}}
    )
    cancelled = buyer.post(f"/v1/tenders/{made['id']}/cancel", json={"reason": "x"})

    assert (amended.status_code, amended.json()["code"]) == (409, "policy_not_frozen")
    assert cancelled.status_code == 200
    assert samples.row(session, made).title == made["title"]


def test_titles_are_told_in_every_language_that_the_law_asks_for(
    operator: Any, as_org: AsOrg, session: Session
) -> None:
    enter(operator, parameters={"notice_languages": ["ky", "ru"]})
    kazakh = as_org(["buyer"], country="KZ")
    russian, both = {"ru": "Парты"}, {"ru": "Парты", "ky": "Парталар"}
    made = samples.drafted(kazakh, title=russian, lots=[samples.lot(title=russian)])
    url = f"/v1/tenders/{made['id']}"

    refused = publish(kazakh, made)

    assert (refused.status_code, refused.json()["code"]) == (409, "terms_inconsistent")
    told = [(each["pointer"], each["code"]) for each in refused.json()["errors"]]
    assert told == [("#/title", "language_missing"), ("#/lots/0/title", "language_missing")]
    assert samples.row(session, made).published_at is None
    lots = [samples.lot(title=both)]
    assert kazakh.patch(url, json={"title": both, "lots": lots}).status_code == 200
    assert publish(kazakh, made).status_code == 200
    fewer = {"rationale": "Короче", "title": {"ky": "Столдор", "en": "Desks"}}
    refused = kazakh.post(f"{url}/amend", json=fewer)
    assert [each["pointer"] for each in refused.json()["errors"]] == ["#/title", "#/title"]
    assert samples.row(session, made).title == both
    more = {**fewer, "title": {**both, "en": "Desks"}}
    assert kazakh.post(f"{url}/amend", json=more).status_code == 200
