"""A country is switched on by data alone: Kazakhstan, as the product ships it."""

import shutil
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, func, select
from typer.testing import CliRunner

from api.__main__ import main
from api.cli import regions as commands
from api.core import db, ids
from api.delivery.models import TransportRoute
from api.identity import service as identity
from api.identity.models import Organisation, Region
from api.reference.models import FxRate, PolicySet, WorkCalendarYear
from api.rules.clock import local_date
from tests.conftest import Actor
from tests.delivery import landed
from tests.procurement import bidding, samples
from tests.procurement.bidding import Bidding
from tests.procurement.evaluation import deciding

type AsOrg = Callable[..., Any]
NBK = "NBK (test)"
ROAD = "road-yiwu-khorgos-almaty"
ALMATY = ZoneInfo("Asia/Almaty")
BIN = "941240000193"
BODY = {
    "roles": ["buyer"],
    "legal_name": {"ru": "Акимат города Алматы"},
    "identifier": {"scheme": "KZ-BIN", "id": BIN},
}


def load(folder: str | Path) -> str:
    """Load a region by the command that an operator gives."""
    told = CliRunner().invoke(main, ["region", "load", str(folder)])
    assert told.exit_code == 0, told.output
    return told.output


def know_rates() -> None:
    """Rates in tenge of today and of days around the opening, and the years that they are in."""
    with db.worker_unit_of_work() as session:
        today = local_date(db.now(session))
        for day in (today + timedelta(days=n) for n in (0, *range(16, 22))):
            made = FxRate(day=day, base="CNY", quote="KZT", rate=Decimal("71.50"), source=NBK)
            session.add(made)
        known = {year.year for year in session.exec(select(WorkCalendarYear))}
        for year in {today.year, today.year + 1} - known:
            row = WorkCalendarYear(calendar="KZ", year=year, weekend=[6, 7], source="test")
            session.add(row)


def registered(operator: Actor, client: Any) -> Actor:
    """A buyer that the operator enters and verifies by its Kazakh number."""
    answer = operator.post("/v1/organisations", json=BODY)
    assert answer.status_code == 201, answer.text
    assert answer.json()["country"] == "KZ"
    org_id = ids.parse("organisation", answer.json()["id"])
    with db.worker_unit_of_work() as session:
        identity.verify(session, actor="test", org_id=org_id, level=2)
    return bidding.another_client(Actor(org_id, "", client))


def drafted(buyer: Actor, days: float) -> Any:
    """A draft of 100 pumps to Almaty that takes bids so many days from now."""
    item = samples.item(quantity="100", unit_code="C62")
    value = {"amount": "90000000", "currency": "KZT"}
    lot = samples.lot(value=value, delivery_place_code="kz-almaty", incoterms=[], items=[item])
    return samples.drafted(buyer, lots=[lot], tender_period_end=samples.in_days(days))


def published(as_org: AsOrg, buyer: Actor) -> Bidding:
    """The tender, published, with bids compared at their delivered cost in tenge."""
    draft = drafted(buyer, 17)
    url = f"/v1/tenders/{draft['id']}"
    goods = dict.fromkeys((each["id"] for each in draft["lots"][0]["items"]), landed.GOODS)
    for path, body in {
        "landed-cost-terms": {"fx_source": NBK, "routes": [ROAD], "goods": goods},
        "award-terms": {"currency": "KZT", "vat_mode": "gross", "lots": []},
    }.items():
        answer = buyer.request("PUT", f"{url}/{path}", json=body)
        assert answer.status_code == 200, answer.text
    holders = bidding.openers(as_org, buyer)
    answer = buyer.post(f"{url}/publish")
    assert answer.status_code == 200, answer.text
    return Bidding(buyer, answer.json(), holders, {})


def test_before_its_data_are_loaded_a_country_is_refused_by_name(
    as_org: AsOrg, session: Session
) -> None:
    operator, buyer = as_org(["operator"]), as_org(["buyer"], country="KZ")
    before = session.exec(select(func.count()).select_from(Organisation)).one()

    entered = operator.post("/v1/organisations", json=BODY)
    tender = buyer.post("/v1/tenders", json=samples.tender())
    cost = buyer.post("/v1/landed-costs", json=landed.body(destination_place_code="kz-almaty"))

    told = [
        (each.status_code, [(e["pointer"], e["code"]) for e in each.json()["errors"]])
        for each in (entered, tender, cost)
    ]
    assert told == [
        (422, [("#/identifier/scheme", "unknown_scheme")]),
        (422, [("#/procedure", "unknown_procedure")]),
        (422, [("#/destination_place_code", "destination_not_served")]),
    ]
    assert "of KZ is in force" in tender.json()["errors"][0]["detail"]
    session.rollback()
    assert session.exec(select(func.count()).select_from(Organisation)).one() == before


def test_a_kazakh_buyer_buys_by_its_own_law_hours_money_and_taxes(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    load("kz")
    know_rates()
    operator = as_org(["operator"])
    wrong = BODY | {"identifier": {"scheme": "KZ-BIN", "id": BIN[:-1] + "4"}}
    refused = operator.post("/v1/organisations", json=wrong)
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json()["errors"]] == ["identifier_invalid"]
    buyer = registered(operator, client)

    made = published(as_org, buyer)
    early = buyer.post(f"/v1/tenders/{drafted(buyer, 14)['id']}/publish")
    told = [(each["pointer"], each["code"]) for each in early.json()["errors"]]
    assert told == [("#/tender_period_end", "tender_period_too_short")], (
        "15 days, not the Kyrgyz law's 21"
    )

    tender = made.tender
    assert tender["time_zone"] == "Asia/Almaty"
    listed = buyer.get("/v1/tenders", params={"status": "active"}).json()["items"]
    assert [each["time_zone"] for each in listed] == ["Asia/Almaty"]
    policy = buyer.get(f"/v1/tenders/{tender['id']}/policy").json()
    assert (policy["jurisdiction"], policy["time_zone"]) == ("KZ", "Asia/Almaty")
    answers_end = datetime.fromisoformat(tender["clarification_until"]).astimezone(ALMATY)
    first_end = min(answers_end, datetime.fromisoformat(tender["tender_period_end"]))
    assert answers_end.time() == time.min or answers_end == first_end, "midnight in Almaty"

    supplier = as_org(["supplier"], country="CN")
    bids = [
        bidding.submit(made, supplier, landed.content(tender, "EXW")),
        bidding.submit(made, as_org(["supplier"], country="CN"), _to_almaty(tender)),
    ]
    over = bidding.finished(made, bids)

    table = buyer.get(landed.lot_url(over)).json()
    assert (table["currency"], table["destination_place_code"]) == ("KZT", "kz-almaty")
    exw = next(each for each in table["bids"] if each["incoterm"] == "EXW")
    assert (exw["route_code"], exw["fee"]) == (ROAD, "20000")
    # (600,000 + 33,400 CNY before the border, and the premium) at 71.50
    assert Decimal(exw["customs_value"]) > Decimal(633400) * Decimal("71.50")
    for row in table["bids"]:
        base = Decimal(row["customs_value"]) + Decimal(row["duty"])
        assert abs(Decimal(row["vat"]) - base * Decimal("0.16")) <= Decimal("0.01")
    draft = deciding.propose(over, buyer)
    found = {each["id"]: each["figures"] for each in draft["result"]["bids"]}
    for row in table["bids"]:
        assert float(found[row["bid_id"]]["comparable"]) == float(row["total_gross"])


def _to_almaty(tender: Any) -> dict[str, Any]:
    made = landed.content(tender, "DAP")
    made["lots"][0] |= {"place_code": "kz-almaty", "named_place": "Алматы"}
    return made


def test_the_kazakh_tax_is_that_of_the_day_and_the_union_has_no_duty(as_org: AsOrg) -> None:
    load("kz")
    asked = landed.body(
        destination_place_code="kz-almaty",
        dispatch_country="KG",
        delivery_terms={"incoterm": "DAP", "place_code": "kz-almaty"},
        currency="KZT",
        route_code=None,
        fx_source=None,
    )
    supplier = as_org(["supplier"])

    old, new = (
        supplier.post("/v1/landed-costs", json=asked | day).json()
        for day in ({"day": "2025-12-31"}, {})
    )

    # 100 pumps at 6,000 tenge: 12 per cent until the end of 2025, 16 since.
    assert [(each["total_net"], each["total_gross"]) for each in (old, new)] == [
        ("600000", "672000"),
        ("600000", "696000"),
    ]
    assert [each["customs_value"] for each in (old, new)] == [None, None], "no border of the Union"
    assert {each["currency"] for each in (old, new)} == {"KZT"}


def test_a_region_is_loaded_once_or_not_at_all(tmp_path: Path, session: Session) -> None:
    load("kz")
    again = load("kz")
    assert not any(int(n) for line in again.splitlines()[3:-1] for n in line.split("│")[2:4])
    folder = tmp_path / "uz"
    shutil.copytree(commands.SHIPPED / "kz", folder)
    for file in folder.iterdir():
        text = file.read_text().replace("Asia/Almaty", "Asia/Tashkent")
        text = text.replace("KZT", "UZS").replace("KZ", "UZ")
        for crossing in ("khorgos", "altynkol", "dostyk"):
            text = text.replace(f"{crossing}-almaty", f"{crossing}-further")
        file.write_text(text)
    bad = (folder / "import_parameters.tsv").read_text()
    (folder / "import_parameters.tsv").write_text(bad.replace("0.16", "sixteen"))

    told = CliRunner().invoke(main, ["region", "load", str(folder)])

    assert told.exit_code == 1
    assert "import_parameters.tsv" in told.output
    for model, column in (
        (Region, Region.country),
        (PolicySet, PolicySet.jurisdiction),
        (WorkCalendarYear, WorkCalendarYear.calendar),
    ):
        known = {*session.exec(select(column).select_from(model).distinct())}
        assert "KZ" in known
        assert "UZ" not in known
    assert not [code for code in session.exec(select(TransportRoute.code)) if "further" in code]


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        ('"Asia/Almaty"', '"Asia/Alma-Atta"', "#/time_zone"),
        ('"KZT"', '"tenge"', "#/currency"),
        ("digits = 12", "digits = 11", "#/identifier_schemes/0"),
        ("KZ-BIN", "RU-INN", "#"),
        ("reviewed = false", "reviewed = false\ncapital = 1", "#/capital"),
        ('country = "KZ"', "country = KZ", None),
    ],
)
def test_a_bad_region_is_refused_and_its_field_named(
    tmp_path: Path, session: Session, old: str, new: str, pointer: str | None
) -> None:
    text = (commands.SHIPPED / "kz" / commands.REGION).read_text()
    (tmp_path / commands.REGION).write_text(text.replace(old, new, 1))

    with pytest.raises(commands.Invalid) as refused:
        commands.load_folder(session, tmp_path)

    pointers = [each.pointer.rstrip("/") for each in refused.value.errors]
    assert pointers == ([] if pointer is None else [pointer])
    session.rollback()
    assert {each.country for each in session.exec(select(Region))} == {"KG", "CN"}


def test_a_folder_with_a_file_that_nobody_reads_is_refused(
    tmp_path: Path, session: Session
) -> None:
    shutil.copytree(commands.SHIPPED / "kz", tmp_path / "kz")
    (tmp_path / "kz" / "holidays.tsv").write_text("day\n")
    with pytest.raises(commands.Invalid, match=r"holidays\.tsv is not known"):
        commands.load_folder(session, tmp_path / "kz")
    with pytest.raises(commands.Invalid, match="is no region"):
        commands.load_folder(session, tmp_path)
