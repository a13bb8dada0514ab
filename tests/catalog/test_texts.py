"""Texts of products through the API: their standing, their review, what a market lacks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog.models import ProductText
from api.core import db, settings
from api.core.audit import AuditEntry
from api.reference.models import MarketLanguage
from api.rules.clock import local_date
from tests.catalog import samples, uploads

RUSSIAN = {"ru": "Парта ученическая", "zh": "学生课桌"}


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def added(seller: Any, **changed: Any) -> str:
    wanted = {"names": RUSSIAN, "names_origin": {"zh": "machine"}, "country_of_origin": "KG"}
    answer = seller.post("/v1/products", json=samples.product(**{**wanted, **changed}))
    assert answer.status_code == 201, answer.text
    return f"/v1/products/{answer.json()['id']}"


def standing(caller: Any, url: str, field: str = "names") -> dict[str, str]:
    items = caller.get(f"{url}/texts").json()["items"]
    return {each["language"]: each["status"] for each in items if each["field"] == field}


def test_a_machines_text_is_reviewed_by_a_person(seller: Any, session: Session) -> None:
    url = added(seller)
    assert standing(seller, url) == {"ru": "source", "zh": "machine"}

    answer = seller.post(f"{url}/texts/names/zh/review")

    assert answer.status_code == 200, answer.text
    (text,) = [each for each in answer.json()["items"] if each["language"] == "zh"]
    assert (text["status"], text["origin"], text["made_from"]) == ("reviewed", "machine", "ru")
    assert text["reviewed_at"]
    assert text["reviewed_by"].startswith("client:")
    # A review leaves the product's version: a copy of before it must not be taken for fresh.
    seen = {"If-None-Match": answer.headers["ETag"]}
    assert seller.get(f"{url}/texts", headers=seen).json() == answer.json()
    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "review_text")).all()
    assert [entry.change["language"] for entry in entries] == ["zh"]


def test_a_better_wording_is_of_human_origin(seller: Any) -> None:
    url = added(seller)
    answer = seller.post(f"{url}/texts/names/zh/review", json={"text": "可升降学生课桌"})
    (text,) = [each for each in answer.json()["items"] if each["language"] == "zh"]
    assert (text["text"], text["origin"], text["status"]) == ("可升降学生课桌", "human", "reviewed")
    assert seller.get(url).json()["names"]["zh"] == "可升降学生课桌"
    assert answer.headers["ETag"] == '"2"'


def test_a_changed_source_makes_its_translation_stale_until_it_is_read_again(seller: Any) -> None:
    url = added(seller)
    seller.post(f"{url}/texts/names/zh/review")
    changed = seller.patch(url, json={"names": {**RUSSIAN, "ru": "Парта одноместная"}})
    assert changed.status_code == 200, changed.text
    assert standing(seller, url) == {"ru": "source", "zh": "stale"}
    seller.post(f"{url}/texts/names/zh/review")
    assert standing(seller, url)["zh"] == "reviewed"


def test_a_translation_worded_anew_needs_a_new_review(seller: Any) -> None:
    url = added(seller)
    seller.post(f"{url}/texts/names/zh/review")
    both = {"ru": "Парта одноместная", "zh": "单人课桌"}
    seller.patch(url, json={"names": both, "names_origin": {"zh": "machine"}})
    assert standing(seller, url) == {"ru": "source", "zh": "machine"}


def test_an_import_notes_what_its_translations_were_made_from(
    seller: Any, session: Session
) -> None:
    product = {"names": RUSSIAN, "names_origin": {"zh": "human"}, "country_of_origin": "KG"}
    rows = [samples.offer(sku=f"T-{n}", product=product) for n in range(25)]
    uploads.taken(seller, samples.ndjson_file(*rows), uploads.NDJSON)
    notes = session.exec(select(ProductText)).all()
    assert {(each.field, each.language, each.source_language) for each in notes} == {
        ("names", "zh", "ru")
    }
    assert len(notes) == 25
    url = f"/v1/products/product_{notes[0].product_id.hex}"
    assert standing(seller, url) == {"ru": "source", "zh": "human"}
    product["names"] = {**RUSSIAN, "ru": "Парта двухместная"}
    uploads.taken(seller, samples.ndjson_file(*rows), uploads.NDJSON)
    assert standing(seller, url) == {"ru": "source", "zh": "stale"}


@pytest.mark.parametrize(
    ("place", "body", "status"),
    [
        ("names/ru", None, 409),
        ("names/ky", None, 404),
        ("descriptions/zh", None, 404),
        ("titles/zh", None, 422),
        ("names/zh", {"text": " "}, 422),
        ("names/zh", {"text": "课" * 501}, 422),
        ("names/zh", {"wording": "课桌"}, 422),
    ],
)
def test_what_is_no_translation_is_not_reviewed(
    seller: Any, session: Session, place: str, body: Any, status: int
) -> None:
    url = added(seller)
    before = seller.get(f"{url}/texts").json()
    answer = seller.post(f"{url}/texts/{place}/review", json=body)
    assert answer.status_code == status, answer.text
    assert seller.get(f"{url}/texts").json() == before
    assert session.exec(select(ProductText.reviewed_at)).all() == [None]


def test_a_review_of_a_version_not_seen_is_refused(seller: Any, session: Session) -> None:
    url = added(seller)
    seen = {"If-Match": '"7"'}
    assert seller.post(f"{url}/texts/names/zh/review", headers=seen).status_code == 412
    assert session.exec(select(ProductText.reviewed_at)).all() == [None]


def test_a_program_reviews_nothing_where_people_decide(
    seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = added(seller)
    strict = settings.get().model_copy(update={"machine_decisions": False})
    monkeypatch.setattr(settings, "get", lambda: strict)
    answer = seller.post(f"{url}/texts/names/zh/review")
    assert (answer.status_code, answer.json()["code"]) == (403, "person_required")
    assert standing(seller, url)["zh"] == "machine"


def test_others_see_the_texts_of_what_is_offered_but_not_who_read_them(
    seller: Any, as_org: Callable[..., Any]
) -> None:
    other = as_org(["buyer"])
    url = added(seller)
    assert other.get(f"{url}/texts").status_code == 404
    assert other.get(f"{url}/languages?market=CN").status_code == 404
    seller.post(f"{url}/texts/names/zh/review")
    samples.activated(seller, product=None, product_id=url.rpartition("/")[2])
    items = other.get(f"{url}/texts").json()["items"]
    (text,) = [each for each in items if each["language"] == "zh"]
    assert (text["status"], text["reviewed_by"]) == ("reviewed", None)
    assert text["reviewed_at"]
    assert other.post(f"{url}/texts/names/zh/review").status_code in (403, 404)


def test_a_market_says_which_texts_lack(seller: Any) -> None:
    url = added(seller, descriptions={"ru": "Высота 620-760 мм."})

    def lacks(market: str) -> set[tuple[str, str, str]]:
        found = seller.get(f"{url}/languages?market={market}").json()
        return {(each["field"], each["language"], each["reason"]) for each in found["lacks"]}

    assert lacks("KG") == {("names", "ky", "missing"), ("descriptions", "ky", "missing")}
    assert lacks("CN") == {("names", "zh", "unreviewed"), ("descriptions", "zh", "missing")}
    seller.post(f"{url}/texts/names/zh/review")
    assert lacks("CN") == {("descriptions", "zh", "missing")}
    seller.patch(url, json={"names": {**RUSSIAN, "ru": "Стол"}})
    assert lacks("CN") == {("names", "zh", "stale"), ("descriptions", "zh", "missing")}
    russia = seller.get(f"{url}/languages?market=RU").json()
    assert (russia["known"], russia["ready"], russia["lacks"]) == (True, True, [])
    assert {row["reviewed"] for row in russia["required"]} == {False}


def test_of_a_market_that_nobody_entered_nothing_is_said(seller: Any) -> None:
    found = seller.get(f"{added(seller)}/languages?market=BR").json()
    assert (found["known"], found["ready"], found["required"], found["lacks"]) == (
        False,
        None,
        [],
        [],
    )
    assert seller.get(f"{added(seller)}/languages?market=china").status_code == 422


def test_a_requirement_that_begins_tomorrow_is_not_wanted_today(
    seller: Any, session: Session
) -> None:
    url = added(seller)
    today = local_date(db.now(session))
    session.add(
        MarketLanguage(
            market="US",
            field="names",
            language="en",
            valid_from=today + timedelta(days=1),
            source="test",
        )
    )
    session.commit()
    assert seller.get(f"{url}/languages?market=US").json()["known"] is False
