"""API-01: problems in the language of the client, from one catalogue."""

from collections.abc import Callable
from string import Formatter
from typing import Any

import pytest

from api.core import messages
from api.core.errors import Problem

OTHERS = ("ky", "ru", "zh")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("*", "en"),
        ("ru", "ru"),
        ("ky-KG,ru;q=0.9", "ky"),
        ("zh-Hans-CN;q=0.8, fr;q=0.9", "zh"),
        ("en;q=0.5, ru;q=0.7", "ru"),
        ("ru;q=0, zh;q=0.1", "zh"),
        ("de, fr", "en"),
        ("ru;q=x", "en"),
        (",;;,=" * 1000, "en"),
    ],
)
def test_api_01_the_language_is_negotiated(header: str | None, language: str) -> None:
    assert messages.negotiate(header) == language


@pytest.mark.parametrize("language", OTHERS)
def test_api_01_every_problem_code_has_a_title_in_every_language(language: str) -> None:
    missing = [code for code in Problem.catalogue if not messages.title(language, code)]
    assert missing == [], "add them to api/core/messages/titles.csv"
    assert set(messages._table("titles", language)) == set(Problem.catalogue)


@pytest.mark.parametrize("table", ["details", "fields"])
def test_api_01_a_translation_names_the_same_values_in_every_language(table: str) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    rows = {language: messages._table(table, language) for language in OTHERS}
    for key, russian in rows["ru"].items():
        said = {language: names(rows[language][key]) for language in OTHERS}
        wanted = names(key) if table == "details" else names(russian)
        assert said == dict.fromkeys(OTHERS, wanted), key


def test_api_01_a_problem_speaks_the_language_of_its_reader(
    as_org: Callable[..., Any], client: Any
) -> None:
    buyer = as_org(["buyer"])
    missing = {"ru": "Не найдено", "ky": "Табылган жок", "zh": "未找到", "en": "Not found"}
    for language, title in missing.items():
        answer = client.get("/problems/nothing", headers={"Accept-Language": language})
        body = answer.json()
        assert (body["title"], body["detail"], body["code"]) == (title, title, "not_found")
        assert answer.headers["content-language"] == language
        assert answer.headers["vary"] == "Accept-Language"

    russian = {"Accept-Language": "ru"}
    forbidden = buyer.get("/v1/offers?mine=x", headers=russian)
    assert forbidden.headers["content-language"].startswith("ru")
    fields = buyer.post("/v1/members", json={"name": "", "email": "a@b.kg"}, headers=russian)
    told = {e["pointer"]: e["detail"] for e in fields.json()["errors"]}
    assert told["#/role"] == "Обязательное поле"
    assert fields.headers["content-language"] == "ru"
    denied = buyer.post("/v1/matching/reindex", headers=russian)
    assert denied.json()["detail"] == "Для этого нужно право matching:admin."
    assert (denied.status_code, denied.headers["content-language"]) == (403, "ru")
