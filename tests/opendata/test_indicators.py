"""Red flags: each indicator points at what it says, and at nothing next to it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db
from api.core.outbox import emit
from api.opendata import importing, indicators
from api.opendata.importing import Found, Report
from api.opendata.models import RedFlag
from tests.opendata.processes import award, bid, release, tender, value
from tests.procurement import samples

type AsOrg = Callable[..., Any]
MARCH = "2026-03-{:02}T09:00:00+06:00"


def several(count: int, **changed: Any) -> list[dict[str, Any]]:
    """So many processes of one buyer, a day apart from the second of March on."""
    return [
        release(
            f"ocds-other0-{n}",
            tender=tender(
                **{
                    "title": f"Закупка {n}",
                    "tenderPeriod": {
                        "startDate": MARCH.format(2 + n),
                        "endDate": "2026-04-20T09:00:00+06:00",
                    },
                    **changed,
                }
            ),
        )
        for n in range(count)
    ]


def period(start: str, end: str) -> dict[str, str]:
    return {"startDate": start, "endDate": end}


def amended(*dates: str) -> list[dict[str, str]]:
    return [{"id": str(n), "date": date, "rationale": "…"} for n, date in enumerate(dates)]


def direct(count: int, amount: float, **changed: Any) -> list[dict[str, Any]]:
    return several(count, procurementMethod="direct", value=value(amount), **changed)


def won(*winners: int) -> list[dict[str, Any]]:
    return [
        each | {"awards": [award(n, 4_000_000)]}
        for each, n in zip(several(len(winners)), winners, strict=True)
    ]


def one(**changed: Any) -> list[dict[str, Any]]:
    return [release(**changed)]


def under(**changed: Any) -> list[dict[str, Any]]:
    return one(tender=tender(**changed))


FRIDAY = MARCH.format(6)
# indicator: what trips it, how many processes it points at, and what is just not enough.
CASES: dict[str, tuple[list[dict[str, Any]], int, list[dict[str, Any]]]] = {
    "short_submission_period": (
        under(tenderPeriod=period(FRIDAY, "2026-03-13T08:59:59+06:00")),
        1,
        under(tenderPeriod=period(FRIDAY, "2026-03-13T09:00:00+06:00")),
    ),
    "published_on_day_off": (
        under(tenderPeriod=period("2026-03-06T18:30:00Z", "2026-04-01T09:00:00Z")),
        1,
        under(tenderPeriod=period("2026-03-06T17:30:00Z", "2026-04-01T09:00:00Z")),
    ),
    "amended_before_deadline": (
        under(amendments=amended("2026-03-29T09:00:01+06:00")),
        1,
        under(amendments=amended("2026-03-29T09:00:00+06:00")),
    ),
    "amended_repeatedly": (
        under(amendments=amended(*[MARCH.format(3)] * 3)),
        1,
        under(amendments=amended(*[MARCH.format(3)] * 2)),
    ),
    "split_purchases": (direct(3, 400_000), 3, direct(3, 300_000)),
    "direct_share_of_buyer": (direct(5, 2_000_000), 5, direct(4, 2_000_000)),
    "missing_classification": (
        under(items=[{"id": "1", "description": "Работы"}]),
        1,
        under(),
    ),
    "copied_title": (
        several(2, title="Ремонт  школы") + [release("ocds-other0-9", tender=tender())],
        3,
        several(2, title="Ремонт школы"),
    ),
    "just_below_threshold": (direct(1, 950_000), 1, direct(1, 1_000_000)),
    "cancelled_after_interest": (
        under(status="cancelled", enquiries=[{"id": "1"}]),
        1,
        under(status="cancelled", enquiries=[]),
    ),
    "single_bid": (
        one(bids={"details": [bid(1, 5), bid(2, 6, "withdrawn")]}),
        1,
        one(bids={"details": [bid(1, 5), bid(2, 6, "disqualified")]}),
    ),
    "same_winner": (won(1, 1, 1, 2), 3, won(1, 1, 2, 2)),
    "price_just_under_budget": (
        one(awards=[award(1, 4_900_000)]),
        1,
        one(awards=[award(1, 4_899_999)]),
    ),
    "identical_bids": (
        one(bids={"details": [bid(1, 5), bid(2, 5)]}),
        1,
        one(bids={"details": [bid(1, 5), bid(2, 5, relatedLots=["2"])]}),
    ),
    "all_but_winner_disqualified": (
        one(
            bids={"details": [bid(1, 9), bid(2, 5, "disqualified"), bid(3, 6, "disqualified")]},
            awards=[award(1, 9)],
        ),
        1,
        one(
            bids={"details": [bid(1, 9), bid(2, 5, "disqualified"), bid(3, 6)]},
            awards=[award(1, 9)],
        ),
    ),
    "contract_grew": (
        one(
            awards=[award(1, 100)],
            contracts=[{"id": "k", "awardID": "a1", "value": value(110)}],
        ),
        1,
        one(
            awards=[award(1, 100)],
            contracts=[{"id": "k", "awardID": "a1", "value": value(109.99)}],
        ),
    ),
}


def imported(session: Session, releases: list[dict[str, Any]], source: str = "other") -> None:
    report = Report()
    found = [Found(f"/{n}", each) for n, each in enumerate(releases)]
    importing.take(session, source, found, report)
    assert report.errors == []
    session.flush()


def test_every_indicator_has_a_case_and_says_what_it_means() -> None:
    assert indicators.all().keys() == CASES.keys()
    assert len(CASES) >= 10


@pytest.mark.parametrize("code", CASES)
def test_an_indicator_points_at_what_it_says_and_not_at_what_is_just_not_enough(
    session: Session, code: str
) -> None:
    trips, expected, passes = CASES[code]
    imported(session, trips, "trips")
    imported(session, passes, "passes")

    assert indicators.refresh(session, code) == {code: expected}

    flags = [*session.exec(select(RedFlag))]
    assert {flag.source for flag in flags} == {"trips"}
    assert all(flag.evidence for flag in flags)
    session.rollback()


def test_a_plain_process_trips_nothing(session: Session) -> None:
    imported(session, [release()])
    assert set(indicators.refresh(session).values()) == {0}
    session.rollback()


def test_our_own_tenders_are_asked_and_everybody_reads_the_flags(
    as_org: AsOrg, client: Any, drain: Callable[[], int]
) -> None:
    buyer = as_org(["buyer"])
    plain = samples.published(buyer, tender_period_end=samples.in_days(40))
    made = samples.published(buyer, lots=[samples.lot(items=[samples.item(classification=None)])])
    with db.worker_unit_of_work() as worker:
        emit(worker, "audit.head_published", samples.tender_id(made), org_id=None)
    drain()

    listed = {each["code"]: each for each in client.get("/public/indicators").json()["items"]}
    answer = client.get("/public/indicators/missing_classification/flags")

    assert listed.keys() == CASES.keys()
    assert listed["missing_classification"]["flags"] == 1
    assert listed["missing_classification"]["query"].startswith("-- title:")
    assert answer.json()["items"] == [
        {
            "indicator": "missing_classification",
            "source": "kerben",
            "ocid": made["ocid"],
            "evidence": {"items": 1},
        }
    ]
    of_one = client.get("/public/flags", params={"ocid": made["ocid"]}).json()["items"]
    assert "missing_classification" in {each["indicator"] for each in of_one}
    of_other = client.get("/public/flags", params={"ocid": plain["ocid"]}).json()["items"]
    assert "missing_classification" not in {each["indicator"] for each in of_other}


def test_flags_are_read_in_pages_and_replaced_when_they_are_asked_anew(
    session: Session, client: Any
) -> None:
    imported(session, direct(3, 400_000))
    session.commit()
    result = CliRunner().invoke(main, ["opendata", "indicators", "split_purchases"])
    assert result.exit_code == 0, result.output

    path = "/public/indicators/split_purchases/flags"
    first = client.get(path, params={"limit": 2}).json()
    second = client.get(path, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [each["ocid"] for each in first["items"] + second["items"]] == [
        f"ocds-other0-{n}" for n in range(3)
    ]
    assert not second["has_more"]

    cancelled = release(
        "ocds-other0-0", id="2", date=MARCH.format(28), tender={"id": "t", "status": "cancelled"}
    )
    imported(session, [cancelled])
    indicators.refresh(session, "split_purchases")
    session.commit()
    assert client.get(path).json()["items"] == []


def test_an_indicator_that_is_not_there_is_not_found(client: Any) -> None:
    assert client.get("/public/indicators/none/flags").status_code == 404
    assert CliRunner().invoke(main, ["opendata", "indicators", "none"]).exit_code == 2
