"""Whether products may be shown in a market: by data of the market, and what lapses meanwhile."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from api.channels.models import MarketRequirement, ProductLabel
from api.channels.service import seeding
from api.core import db
from api.reference.files import FileRefused
from api.rules.clock import local_date
from tests.catalog import samples
from tests.channels import selling
from tests.contracts import delivering

KAZAKHSTAN = (
    "market,code,kind,hs_prefix,required,blocking,accepted,ky,ru,en,zh,"
    "valid_from,valid_to,source,reviewed\n"
    "KZ,name_local,language,,yes,yes,kk ru,аты,название,a name,名称,2020-01-01,,test,yes\n"
    "KZ,eac,certificate,61,yes,yes,EAC_CERT EAC_DECL,ЕАС,ЕАС,EAC,EAC,2020-01-01,,test,no\n"
)


@pytest.fixture
def exporter(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def operator(as_org: Callable[..., Any]) -> Any:
    return as_org(["operator"])


@pytest.fixture
def kept(session: Session) -> Iterator[Session]:
    """A session after which the table has the rows that it had before."""
    known = [*session.exec(select(MarketRequirement.id))]
    session.rollback()
    yield session
    session.rollback()
    for row in session.exec(select(MarketRequirement)):
        if row.id not in known:
            session.delete(row)
    session.commit()


def test_everything_that_is_missing_is_told_with_its_source(exporter: Any) -> None:
    made = selling.offered(exporter, names={"ru": "Мёд"}, names_origin={})

    told = selling.readiness(exporter, made["product"]["id"])

    assert not told["ready"]
    assert selling.missing(exporter, made["product"]["id"]) == {
        "gacc_registration": "absent",
        "label_zh": "absent",
        "name_zh": "absent",
        "veterinary_permission": "absent",
    }
    (gacc,) = [each for each in told["missing"] if each["code"] == "gacc_registration"]
    assert gacc["text"].keys() == gacc["reason_text"].keys() == {"ky", "ru", "en", "zh"}
    assert (gacc["hs_prefix"], gacc["accepted"], gacc["reviewed"]) == ("04", ["GACC"], False)
    assert "248" in gacc["source"]
    assert [each["code"] for each in told["met"]] == ["hs_code"]


def test_goods_with_everything_are_ready_until_the_first_of_it_lapses(
    exporter: Any, operator: Any, session: Session
) -> None:
    last = local_date(db.now(session)) + timedelta(days=5)
    session.rollback()
    made = selling.offered(exporter)
    product = made["product"]["id"]
    selling.verified(exporter, operator)
    selling.labelled(exporter, product)
    assert selling.missing(exporter, product) == {"veterinary_permission": "absent"}
    vet = {"authority": "KG_VET", "registration_no": "KG-VET-77", "valid_to": last.isoformat()}
    selling.entered(exporter, **vet, commodity="another paper", valid_from="2026-01-02")
    assert selling.missing(exporter, product) == {"veterinary_permission": "unverified"}
    url = (
        f"/v1/export-permissions/{exporter.get('/v1/export-permissions').json()['items'][0]['id']}"
    )
    operator.post(f"{url}/verify", json={"verification": "x"})

    told = selling.readiness(exporter, product)

    assert (told["ready"], told["until"]) == (True, last.isoformat())
    assert [each["code"] for each in told["missing"]] == ["certificate_of_origin"]
    selling.move_to(last + timedelta(days=1))
    assert selling.missing(exporter, product) == {"veterinary_permission": "lapsed"}


def test_a_certificate_of_origin_counts_once_an_offer_shows_it_and_it_is_verified(
    exporter: Any, operator: Any
) -> None:
    made = selling.offered(exporter)
    entered = exporter.post("/v1/certificates", json=selling.CERTIFICATE).json()
    product = made["product"]["id"]

    def told() -> Any:
        found = selling.readiness(exporter, product)
        rows = (*found["missing"], *found["met"])
        return next(row["reason"] for row in rows if row["code"] == "certificate_of_origin")

    assert told() == "absent"
    exporter.patch(f"/v1/offers/{made['id']}", json={"certificates": ["KG-2026-417"]})
    assert told() == "unverified"
    operator.post(f"/v1/certificates/{entered['id']}/verify")
    assert told() is None
    exporter.post(f"/v1/certificates/{entered['id']}/withdraw")
    assert told() == "absent"


@pytest.mark.parametrize(
    ("changed", "code", "reason"),
    [
        ({"hs_code": "391510"}, "solid_waste", "prohibited"),
        ({"hs_code": "330499"}, "nmpa_registration", "absent"),
        ({"hs_code": None}, "hs_code", "absent"),
        ({"names_origin": {"zh": "machine"}}, "name_zh", "machine_made"),
    ],
)
def test_other_goods_lack_other_things(
    exporter: Any, changed: dict[str, Any], code: str, reason: str
) -> None:
    made = selling.offered(exporter, **changed)

    assert selling.missing(exporter, made["product"]["id"])[code] == reason


def test_goods_that_need_no_permission_need_only_their_name(exporter: Any) -> None:
    made = exporter.post("/v1/products", json=samples.product(country_of_origin="KG")).json()

    assert selling.readiness(exporter, made["id"])["ready"]


def test_another_market_is_a_file_of_data(exporter: Any, kept: Session, tmp_path: Path) -> None:
    file = tmp_path / "kz.csv"
    file.write_text(KAZAKHSTAN)
    made = selling.offered(exporter, hs_code="611020", names={"ru": "Свитер"}, names_origin={})
    product = made["product"]["id"]
    assert (
        exporter.get(f"/v1/products/{product}/readiness", params={"market": "KZ"}).json()["errors"][
            0
        ]["code"]
        == "unknown_market"
    )

    seeding.load(kept, file)
    kept.commit()

    assert selling.missing(exporter, product, "KZ") == {"eac": "absent"}
    rows = exporter.get("/v1/market-requirements", params={"market": "KZ"}).json()["items"]
    assert {row["code"] for row in rows} == {"name_local", "eac"}
    some = {"market": "KZ", "hs_code": "040900"}
    (row,) = exporter.get("/v1/market-requirements", params=some).json()["items"]
    assert row["code"] == "name_local"


def test_a_label_for_another_market_or_language_counts_for_nothing_here(exporter: Any) -> None:
    product = selling.offered(exporter)["product"]["id"]
    selling.labelled(exporter, product, language="ru")

    assert selling.missing(exporter, product)["label_zh"] == "absent"
    label = selling.labelled(exporter, product)
    assert "label_zh" not in selling.missing(exporter, product)
    assert exporter.get(f"/v1/products/{product}/labels").json()["items"][0] == label


def test_nobody_else_asks_or_labels(
    exporter: Any, as_org: Callable[..., Any], session: Session
) -> None:
    product, other = selling.offered(exporter)["product"]["id"], as_org(["supplier"])
    assert other.get(f"/v1/products/{product}").status_code == 200
    body = {"market": "CN", "language": "zh", "document_id": delivering.uploaded(other)}

    asked = other.get(f"/v1/products/{product}/readiness", params={"market": "CN"})
    assert asked.status_code == 404
    assert other.get(f"/v1/products/{product}/labels").status_code == 404
    assert other.post(f"/v1/products/{product}/labels", json=body).status_code == 404
    assert session.exec(select(ProductLabel)).all() == []


def test_what_the_package_ships_names_its_source_and_only_its_own_rule_is_reviewed(
    session: Session,
) -> None:
    rows = session.exec(select(MarketRequirement)).all()

    assert all(row.source and row.texts.keys() == {"ky", "ru", "en", "zh"} for row in rows)
    assert {row.code for row in rows if row.reviewed} == {"name_zh"}


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("KZ,eac", "XX,eac", "market"),
        ("certificate,61", "certificate,6", "hs_prefix"),
        ("certificate,61", "magic,61", "kind"),
        ("certificate,61", "prohibited,61", "accepted"),
        ("EAC_CERT EAC_DECL,ЕАС", "EAC_CERT EAC_DECL,", "ky"),
        ("EAC_CERT EAC_DECL", "eac", "accepted"),
        ("2020-01-01,,test,no", "2020-01-01,2020-01-01,test,no", "valid_to"),
        ("2020-01-01,,test,no", "1 Feb,,test,no", "valid_from"),
        ("test,no", "test,maybe", "reviewed"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_loaded(
    kept: Session, tmp_path: Path, old: str, new: str, column: str
) -> None:
    file = tmp_path / "kz.csv"
    assert old in KAZAKHSTAN
    file.write_text(KAZAKHSTAN.replace(old, new))

    with pytest.raises(FileRefused) as refused:
        seeding.load(kept, file)

    assert [each.pointer for each in refused.value.errors] == [f"#/3/{column}"]
    assert kept.exec(select(MarketRequirement).where(MarketRequirement.market == "KZ")).all() == []
