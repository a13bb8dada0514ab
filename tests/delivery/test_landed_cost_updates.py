"""Landed costs computed anew when the numbers change, and against what the goods came to."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db
from api.core.outbox import OutboxEvent
from api.delivery.models import LandedCostActual, LandedCostEstimate
from api.rules.clock import BISHKEK, local_date
from tests.delivery import landed
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
D = Decimal
COLUMNS = (
    "tnved_code kind ad_valorem specific_amount specific_currency specific_unit"
    " valid_from valid_to source reviewed"
)
TARIFF = ("8413703000", "ad_valorem", "0.10", "", "", "", "{day}", "", "test", "no")


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    landed.know_rates(0, 1, 2)
    return as_org(["buyer"])


def today(session: Session, ahead: int = 0) -> date:
    return local_date(db.now(session)) + timedelta(days=ahead)


def tomorrow_at_noon(session: Session) -> None:
    """Move the clock there, whatever the time is."""
    session.rollback()
    noon = datetime.combine(today(session, 1), time(12), BISHKEK)
    awarding.advance((noon - db.now(session)) / timedelta(days=1))


def changed(session: Session) -> list[dict[str, Any]]:
    session.rollback()
    query = select(OutboxEvent).where(OutboxEvent.type == "landed_cost.recomputed")
    return [event.payload for event in session.exec(query)]


def test_a_followed_landed_cost_is_computed_anew_when_a_tariff_is_loaded(
    buyer: Any,
    session: Session,
    drain: Callable[[], int],
    tmp_path: Path,
    superuser: psycopg.Connection[Any],
) -> None:
    found = landed.landed(buyer, term="EXW")
    url = f"/v1/landed-costs/{found['id']}"
    until = today(session, 30).isoformat()
    assert buyer.post(f"{url}/follow", json={"until": until}).json()["latest_id"] == found["id"]
    refused = buyer.post(f"{url}/recompute", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "numbers_unchanged")
    for day in (0, 400):
        out = buyer.post(f"{url}/follow", json={"until": today(session, day).isoformat()})
        assert out.status_code == 422, "a day that passed, or one too far"
    clock.tick()
    drain()
    assert changed(session) == [], "nothing is due before a day has passed or numbers were loaded"
    file = tmp_path / "tariffs.tsv"
    rows = ["\t".join(COLUMNS.split()), "\t".join(TARIFF).format(day=today(session))]
    file.write_text("\n".join(rows))

    loaded = CliRunner().invoke(main, ["reference", "load", "tariff-rates", str(file)])
    try:
        assert loaded.exit_code == 0, loaded.output
        clock.tick()
        drain()
    finally:
        superuser.execute("DELETE FROM tariff_rate WHERE source = 'test'")

    (event,) = changed(session)
    assert event["previous_id"] == found["id"].removeprefix("landedcost_")
    newest, first = buyer.get("/v1/landed-costs").json()["items"]
    assert (newest["previous_id"], first["id"]) == (found["id"], found["id"])
    assert D(newest["total_gross"]) - D(found["total_gross"]) == D("393513.52") + D("47221.63")
    told = buyer.get(f"/v1/landed-costs/{newest['id']}/changes").json()
    moved = {each["pointer"]: (each["before"], each["after"]) for each in told["numbers"]}
    assert moved["#/inputs/lines/0/duty/ad_valorem"] == ("0.05", "0.1")
    assert "#/result/duty" in {each["pointer"] for each in told["figures"]}
    assert told["difference"] == event["difference"] == "440735.15"
    assert buyer.get(f"{url}/changes").status_code == 404, "the first has nothing before it"
    again = buyer.post(f"{url}/recompute", json={})
    assert (again.status_code, again.json()["code"]) == (409, "landed_cost_superseded")
    assert len(session.exec(select(LandedCostEstimate)).all()) == 2


def test_other_exchange_rates_of_a_later_day_recompute_it_and_following_ends(
    buyer: Any, session: Session, drain: Callable[[], int], superuser: psycopg.Connection[Any]
) -> None:
    found = landed.landed(buyer, term="EXW")
    url = f"/v1/landed-costs/{found['id']}"
    until = today(session, 1).isoformat()
    assert buyer.post(f"{url}/follow", json={"until": until}).status_code == 200
    superuser.execute("UPDATE fx_rate SET rate = 12.5 WHERE base = 'CNY' AND day = %s", (until,))

    tomorrow_at_noon(session)
    clock.tick()
    drain()

    (event,) = changed(session)
    assert D(event["difference"]) > 0
    last = buyer.get("/v1/landed-costs").json()["items"][0]["id"]
    superuser.execute("UPDATE fx_rate SET rate = 13 WHERE base = 'CNY'")
    tomorrow_at_noon(session)
    clock.tick()
    drain()
    assert len(changed(session)) == 1, "the day until which it was followed has passed"
    assert buyer.post(f"/v1/landed-costs/{last}/unfollow").status_code == 404
    assert buyer.post(
        f"/v1/landed-costs/{last}/follow", json={"until": today(session, 9).isoformat()}
    )
    assert buyer.post(f"/v1/landed-costs/{last}/unfollow").status_code == 204


def test_what_goods_came_to_is_told_against_the_estimate_figure_by_figure(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    found = landed.landed(buyer, term="EXW")
    url = f"/v1/landed-costs/{found['id']}"
    day = today(session).isoformat()

    def entered(figure: str, amount: str, currency: str = "KGS", **more: Any) -> Any:
        body = {
            "figure": figure,
            "amount": amount,
            "currency": currency,
            "source": "customs_declaration",
            "document_number": "10100/27",
            "document_date": day,
            **more,
        }
        return buyer.post(f"{url}/actuals", json=body)

    haul = entered("charge", "27000", "CNY", charge="main_haul", source="carrier_invoice")
    assert (haul.status_code, haul.json()["rate"]) == (201, "12.3")
    assert entered("goods", "600000", "CNY", rate="12.5").status_code == 201
    wrong = entered("duty", "400000").json()["id"]
    right = entered("duty", "393513.53", replaces_id=wrong)
    assert right.status_code == 201, right.text
    assert entered("charge", "5000", charge="storage").status_code == 201

    told = buyer.get(f"{url}/variance").json()

    rows = {(each["figure"], each["charge"]): each for each in told["rows"]}
    assert rows["charge", "main_haul"]["difference"] == rows["charge", "main_haul"]["by_amount"]
    assert rows["charge", "main_haul"]["difference"] == "12300"
    goods = rows["goods", None]
    assert (goods["difference"], goods["by_amount"], goods["by_rate"]) == ("120000", "0", "120000")
    assert rows["duty", None]["difference"] == "0"
    assert rows["charge", "storage"]["estimated"] == "0"
    assert rows["vat", None]["actual"] is None
    assert (told["difference"], told["settled"]) == ("137300", False)
    assert D(told["forecast"]) == D(found["total_gross"]) + D("137300")
    assert len(buyer.get(f"{url}/actuals").json()["items"]) == 5, "a replaced entry stays"
    before = len(session.exec(select(LandedCostActual)).all())
    refused = [
        (entered("duty", "1", replaces_id=wrong), 409, "already_exists"),
        (entered("duty", "-1"), 422, "invalid"),
        (entered("duty", "1", charge="x"), 422, "invalid"),
        (entered("duty", "1", document_date=today(session, 2).isoformat()), 422, "invalid"),
        (entered("duty", "1", document_number=None), 422, "invalid"),
        (entered("goods", "1", "TJS"), 422, "invalid"),
    ]
    for answer, status, code in refused:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    stranger = as_org(["buyer"])
    assert stranger.get(f"{url}/variance").status_code == 404
    assert (
        stranger.post(f"{url}/actuals", json={"figure": "duty", "source": "other"}).status_code
        == 404
    )
    session.rollback()
    assert len(session.exec(select(LandedCostActual)).all()) == before
