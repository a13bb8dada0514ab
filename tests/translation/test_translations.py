"""Products translated through the API and the real task, by the glossary and by hosted engines."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog.models import ProductText
from api.core import settings
from api.core.jobs import Job
from api.translation import service
from tests.catalog import samples
from tests.webhooks import receiving
from workers import app as workers

KEY = "sk-translation-0123456789"
NAMES = {"ru": "Парта"}


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def added(seller: Any, **changed: Any) -> str:
    body = samples.product(**{"names": NAMES, "country_of_origin": "KG", **changed})
    answer = seller.post("/v1/products", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def asked(seller: Any, *products: str, **wanted: Any) -> Any:
    body = {"product_ids": [*products], **(wanted or {"languages": ["zh"]})}
    return seller.post("/v1/translations", json=body)


def translated(seller: Any, *products: str, **wanted: Any) -> dict[str, Any]:
    """The result of the job, after the worker has run it."""
    answer = asked(seller, *products, **wanted)
    assert answer.status_code == 202, answer.text
    workers.run_job(answer.json()["id"].removeprefix("job_"), service.step)
    job = seller.get(answer.headers["Location"]).json()
    assert job["status"] == "succeeded", job
    assert job["progress"]["done"] == job["progress"]["total"]
    result: dict[str, Any] = job["result"]
    return result


def text_of(seller: Any, product: str, language: str, field: str = "names") -> dict[str, Any]:
    items = seller.get(f"/v1/products/{product}/texts").json()["items"]
    (found,) = [each for each in items if (each["field"], each["language"]) == (field, language)]
    return found


def hosted(monkeypatch: pytest.MonkeyPatch, url: str, engine: str = "libretranslate") -> None:
    changed = {
        "translation_engine": engine,
        "translation_url": url,
        "translation_key": settings.SecretStr(KEY),
        "base_url": "https://kerben.example",
        "outbound_insecure": True,
        "outbound_networks": (settings.IPvAnyNetwork("127.0.0.0/8"),),
    }
    config = settings.get().model_copy(update=changed)
    monkeypatch.setattr(settings, "get", lambda: config)


def answer(*found: str, status: int = 200) -> Any:
    return status, {}, json.dumps({"translatedText": [*found]}).encode()


def test_a_name_is_translated_by_the_glossary_and_labelled_so(
    seller: Any, session: Session
) -> None:
    product = added(seller)
    result = translated(seller, product, languages=["zh", "en", "ru"])
    assert result == {
        "translated": 2,
        "unchanged": 1,
        "left_out": 0,
        "engine": "glossary",
        "reasons": {},
        "refusals": [],
    }
    text = text_of(seller, product, "zh")
    assert (text["text"], text["origin"], text["status"]) == ("课桌", "machine", "machine")
    assert (text["engine"], text["made_from"], text["coverage"]) == ("glossary", "ru", "1")
    assert len(text["engine_version"]) == 12
    assert seller.get(f"/v1/products/{product}").json()["names_origin"]["zh"] == "machine"
    assert {n.language for n in session.exec(select(ProductText))} == {"zh", "en"}


def test_the_languages_of_a_market_are_asked_for(seller: Any) -> None:
    product = added(seller)
    assert translated(seller, product, market="CN")["translated"] == 1
    found = seller.get(f"/v1/products/{product}/languages?market=CN").json()
    assert [lack["reason"] for lack in found["lacks"]] == ["unreviewed"]


def test_a_text_of_unknown_words_is_left_out_and_said(seller: Any) -> None:
    product = added(seller, names={"ru": "Хрумбликатор бракозябный"})
    result = translated(seller, product)
    assert (result["translated"], result["reasons"]) == (0, {"low_coverage": 1})
    assert result["refusals"] == [
        {
            "product_id": product,
            "field": "names",
            "language": "zh",
            "reason": "low_coverage",
            "coverage": "0.000",
        }
    ]
    assert seller.get(f"/v1/products/{product}").json()["names"] == {
        "ru": "Хрумбликатор бракозябный"
    }


def test_a_stale_machine_text_is_made_anew_and_a_persons_is_not(seller: Any) -> None:
    product, read = added(seller), added(seller)
    translated(seller, product, read)
    seller.post(f"/v1/products/{read}/texts/names/zh/review")
    for each in (product, read):
        seller.patch(f"/v1/products/{each}", json={"names": {"ru": "Сахар", "zh": "课桌"}})
    result = translated(seller, product, read)
    assert (result["translated"], result["reasons"]) == (1, {"written_by_a_person": 1})
    assert text_of(seller, product, "zh")["status"] == "machine"
    assert text_of(seller, product, "zh")["text"] != "课桌"
    assert (text_of(seller, read, "zh")["text"], text_of(seller, read, "zh")["status"]) == (
        "课桌",
        "stale",
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"languages": ["zh"], "product_ids": ["product_" + "0" * 32]}, "#/product_ids/0"),
        ({"market": "BR"}, "#/market"),
        ({"market": "CN", "languages": ["zh"]}, "#/"),
        ({}, "#/"),
        ({"languages": ["de"]}, "#/languages/0"),
        ({"languages": ["zh"], "product_ids": []}, "#/product_ids"),
    ],
)
def test_what_cannot_be_translated_is_refused_and_nothing_begins(
    seller: Any, session: Session, body: dict[str, Any], pointer: str
) -> None:
    refused = seller.post("/v1/translations", json={"product_ids": [added(seller)], **body})
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert session.exec(select(Job).where(Job.name == service.TASK)).all() == []


def test_nobody_has_the_products_of_others_translated(
    seller: Any, as_org: Callable[..., Any]
) -> None:
    product = added(seller)
    assert asked(as_org(["supplier"]), product).status_code == 422
    assert asked(as_org(["buyer"]), product).status_code == 403
    assert seller.get(f"/v1/products/{product}").json()["names"] == NAMES


def test_libretranslate_is_asked_with_the_projects_terms_protected(
    seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = added(seller, descriptions={"ru": "Для школы"})
    with receiving.receiver(
        answer('<span translate="no">课桌</span>', '供<span translate="no">学校</span>使用')
    ) as server:
        hosted(monkeypatch, server.url)
        assert translated(seller, product)["translated"] == 2
    (request,) = server.received
    body = json.loads(request.body)
    assert request.path.endswith("/translate")
    assert {k: v for k, v in body.items() if k != "q"} == {
        "source": "ru",
        "target": "zh",
        "format": "html",
        "api_key": KEY,
    }
    assert body["q"][0] == '<span translate="no">课桌</span>'
    text = text_of(seller, product, "zh", "descriptions")
    assert (text["text"], text["engine"]) == ("供学校使用", "libretranslate")
    assert (text["engine_version"], text["coverage"]) == ("127.0.0.1", None)


def test_deepl_is_asked_for_chinese_and_never_for_kyrgyz(
    seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = added(seller)
    found = json.dumps({"translations": [{"text": '<span translate="no">课桌</span>'}]}).encode()
    with receiving.receiver((200, {}, found)) as server:
        hosted(monkeypatch, server.url, "deepl")
        result = translated(seller, product, languages=["zh", "ky"])
    assert (result["translated"], result["reasons"]) == (1, {"pair_not_supported": 1})
    (request,) = server.received
    body = json.loads(request.body)
    assert (body["source_lang"], body["target_lang"], body["tag_handling"]) == (
        "RU",
        "ZH-HANS",
        "html",
    )
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["authorization"] == f"DeepL-Auth-Key {KEY}"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer("书桌"), "terms_lost"),
        (answer("课桌", "课桌"), "answer_unusable"),
        (answer(""), "answer_unusable"),
        ((200, {}, b"<html>"), "answer_unusable"),
        ((200, {}, b"[]"), "answer_unusable"),
        ((400, {}, b"{}"), "engine_refused"),
        (answer("课桌" * 300), "not_taken"),
    ],
)
def test_what_an_engine_answers_badly_is_left_out(
    seller: Any, monkeypatch: pytest.MonkeyPatch, said: Any, reason: str
) -> None:
    product = added(seller)
    with receiving.receiver(said) as server:
        hosted(monkeypatch, server.url)
        assert translated(seller, product)["reasons"] == {reason: 1}
    assert seller.get(f"/v1/products/{product}").json()["names"] == NAMES


@pytest.mark.parametrize("status", [429, 503, 403])
def test_an_engine_that_fails_is_asked_again_later(
    seller: Any, session: Session, monkeypatch: pytest.MonkeyPatch, status: int, caplog: Any
) -> None:
    product, other = added(seller), added(seller)
    with receiving.receiver(answer("课桌"), status, answer("课桌")) as server:
        hosted(monkeypatch, server.url)
        job_id = asked(seller, product, other).json()["id"]
        bare = job_id.removeprefix("job_")
        workers.run_job(bare, service.step)
        job = session.exec(select(Job).where(Job.name == service.TASK)).one()
        assert (job.status, job.progress_done) == ("queued", 1)
        assert job.last_error == f"EngineUnavailable: libretranslate answers {status}"
        job.run_at = job.created_at
        session.commit()
        workers.run_job(bare, service.step)
    done = seller.get(f"/v1/jobs/{job_id}").json()
    assert (done["status"], done["result"]["translated"]) == ("succeeded", 2)
    assert len(server.received) == 3
    assert KEY not in caplog.text


def test_a_source_that_changes_meanwhile_is_not_translated_wrongly(
    seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = added(seller)
    with receiving.receiver(answer("课桌")) as server:
        hosted(monkeypatch, server.url)
        server.before = lambda: seller.patch(
            f"/v1/products/{product}", json={"names": {"ru": "Сахар"}}
        )
        assert translated(seller, product)["reasons"] == {"source_changed": 1}
    assert seller.get(f"/v1/products/{product}").json()["names"] == {"ru": "Сахар"}


def test_what_a_person_writes_meanwhile_goes_before(
    seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = added(seller)
    theirs = {"names": {**NAMES, "zh": "学生书桌"}, "names_origin": {"zh": "human"}}
    with receiving.receiver(answer("课桌")) as server:
        hosted(monkeypatch, server.url)
        server.before = lambda: seller.patch(f"/v1/products/{product}", json=theirs)
        assert translated(seller, product)["unchanged"] == 1
    assert text_of(seller, product, "zh")["text"] == "学生书桌"


def test_each_text_is_made_from_the_nearest_that_there_is(seller: Any) -> None:
    product = added(seller, names={"ru": "Парта"}, descriptions={"en": "School desk"})
    assert translated(seller, product, languages=["ky"])["translated"] == 2
    assert text_of(seller, product, "ky")["made_from"] == "ru"
    assert text_of(seller, product, "ky", "descriptions")["made_from"] == "en"
    machine = {"names_origin": {"ru": "machine"}, "descriptions_origin": {"en": "machine"}}
    nothing = added(seller, descriptions={"en": "School desk"}, **machine)
    assert translated(seller, nothing)["reasons"] == {"no_source": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"translation_engine": "libretranslate"},
        {"translation_engine": "deepl", "translation_url": "https://api.deepl.com"},
        {"translation_engine": "other"},
        {"translation_min_coverage": "1.1"},
    ],
)
def test_half_an_engine_is_refused_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="translation|TRANSLATION"):
        settings.Settings(**wrong)
