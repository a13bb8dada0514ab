"""Imports of files as suppliers have them: their words, delimiters, encodings and workbooks."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from api.catalog.models import Offer, Product
from api.rules.clock import local_date, utcnow
from tests.catalog import samples
from tests.catalog.uploads import (
    CSV,
    NDJSON,
    XLSX,
    counted,
    counts,
    finished,
    posted,
    refused,
    sent,
    taken,
    workbook,
)

CHINESE = [
    "货号",
    "品名",
    "单位",
    "原产国",
    "起订量",
    "币种",
    "贸易术语",
    "交货地",
    "单价",
    "交期",
    "HS编码",
]
RUSSIAN = [
    "Артикул",
    "Наименование товара",
    "Ед. изм.",
    "Страна происхождения",
    "Мин. заказ",
    "Валюта",
    "Условия поставки",
    "Место поставки",
    "Цена",
    "Срок изготовления",
    "Код ТН ВЭД",
]
ENGLISH = [
    "Item No.",
    "Product Name",
    "Unit",
    "Country of Origin",
    "MOQ",
    "Currency",
    "Incoterms",
    "Named place",
    "Unit Price",
    "Lead time (days)",
    "HS Code",
]
VALUES = ["SET", "CN", "100", "CNY", "FCA", "cn-linyi", "118.5", "15", "940320"]
COLUMNS = [
    "sku",
    "unit_code",
    "country_of_origin",
    "min_order_quantity",
    "currency",
    "incoterm",
    "place",
    "price_tiers",
    "lead_time_tiers",
    "hs_code",
]
NAMES = {
    "zh": ("双人学生课桌椅，钢木结构", CHINESE, "name_zh"),
    "ru": ("Парта школьная двухместная", RUSSIAN, "name_ru"),
    "en": ("Double school desk", ENGLISH, "name_en"),
}


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def table(header: list[str], *rows: list[str], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue()


@pytest.mark.parametrize(
    ("language", "encoding", "found", "delimiter"),
    [
        ("zh", "gb18030", "gb18030", ","),
        ("zh", "utf-8-sig", "utf-8", "\t"),
        ("zh", "utf-16", "utf-16-le", "\t"),
        ("ru", "cp1251", "cp1251", ";"),
        ("ru", "utf-16-be", "utf-16-be", ";"),
        ("en", "utf-8", "utf-8", ","),
    ],
)
def test_a_suppliers_own_words_delimiter_and_encoding_are_understood_and_told(
    seller: Any, session: Session, language: str, encoding: str, found: str, delimiter: str
) -> None:
    name, header, column = NAMES[language]
    body = table(header, *([f"K-{i}", name, *VALUES] for i in range(3)), delimiter=delimiter)

    job = finished(seller, sent(seller, body.encode(encoding)))

    assert counted(job) == counts(created=3)
    assert (job["result"]["encoding"], job["result"]["delimiter"]) == (found, delimiter)
    mapping = [pair["column"] for pair in job["result"]["columns"]]
    assert mapping == ["sku", column, *COLUMNS[1:]]
    assert [pair["name"] for pair in job["result"]["columns"]] == header
    assert {p.names[language] for p in session.exec(select(Product))} == {name}
    offer = seller.get("/v1/offers").json()["items"][0]
    assert offer["price_tiers"] == [{"min_quantity": "100", "unit_price": "118.5"}]
    assert offer["lead_time_tiers"] == [{"min_quantity": "100", "days": 15, "from_event": "po"}]


@pytest.mark.parametrize("name", ["decimal comma", "two numbers"])
def test_a_price_that_could_be_read_in_two_ways_is_not_guessed(seller: Any, name: str) -> None:
    price = {"decimal comma": "118,5", "two numbers": "118 120"}[name]
    values = [price if v == "118.5" else v for v in VALUES]
    body = table(RUSSIAN, ["K-1", "Парта", *values], delimiter=";")

    answer = sent(seller, body.encode())

    assert counted(finished(seller, answer)) == counts(rejected=1)
    assert refused(seller, answer) == [(2, "price_tiers", "pairs_expected")]


def test_rows_in_another_encoding_than_their_file_are_refused_and_no_others(
    seller: Any, session: Session
) -> None:
    good = ["学生课桌椅，钢木结构，厂家直销", "不锈钢保温杯，双层真空"]
    lines = [table(CHINESE).encode("gb18030")]
    for i, (name, encoding) in enumerate(
        [
            (good[0], "gb18030"),
            ("学生课桌椅，可升降，厂家直销", "utf-8"),
            ("Парта школьная двухместная", "cp1251"),
            (good[1], "gb18030"),
        ]
    ):
        lines.append(table([f"K-{i}", name, *VALUES]).encode(encoding))

    answer = sent(seller, b"".join(lines))
    job = finished(seller, answer)

    assert job["result"]["encoding"] == "gb18030"
    assert counted(job) == counts(created=2, rejected=2)
    assert refused(seller, answer) == [
        (3, "name_zh", "string_unicode"),
        (4, "name_zh", "string_unicode"),
    ]
    found = session.exec(
        select(Product.names).join(Offer, col(Offer.product_id) == Product.id).order_by(Offer.sku)
    ).all()
    assert [names["zh"] for names in found] == good


def test_an_ndjson_file_in_gb18030_is_read(seller: Any, session: Session) -> None:
    body = samples.ndjson_file(samples.offer()).decode().encode("gb18030")

    job = finished(seller, sent(seller, body, NDJSON))

    assert (counted(job), job["result"]["encoding"]) == (counts(created=1), "gb18030")
    assert session.exec(select(Product.names)).one()["zh"] == "学生课桌椅套装"


def test_a_workbook_becomes_offers(seller: Any, session: Session) -> None:
    last = local_date(utcnow()) + timedelta(days=30)
    header = [*CHINESE, "有效期至"]
    row = ["K-1", "课桌\n第二行", "SET", "CN", 100, "CNY", "FCA", "cn-linyi", 0.1 + 0.2, 15, 940320]
    body = workbook(
        [],
        header,
        [*row, last],
        [],
        ["K-2", *row[1:-3], 118, 15, "940320", None],
        ["K-3", *row[1:5], "ABC", *row[6:], None],
    )

    answer = sent(seller, body, XLSX)
    job = finished(seller, answer)

    assert counted(job) == counts(created=2, rejected=1)
    assert refused(seller, answer) == [(6, "currency", "unknown_currency")]
    offers = {o["sku"]: o for o in seller.get("/v1/offers").json()["items"]}
    assert offers["K-1"]["valid_through"] == last.isoformat()
    assert offers["K-1"]["product"]["names"] == {"zh": "课桌\n第二行"}
    assert offers["K-1"]["product"]["hs_code"] == "940320"
    assert offers["K-2"]["price_tiers"] == [{"min_quantity": "100", "unit_price": "118"}]
    assert taken(seller, body, XLSX) == counts(unchanged=2, rejected=1)


def test_a_price_that_a_workbook_keeps_as_a_fraction_is_the_shown_one(seller: Any) -> None:
    row = ["K-1", "课桌", "SET", "CN", 100, "CNY", "FCA", "cn-linyi", 109.1234, 15, "940320"]

    assert taken(seller, workbook(CHINESE, row), XLSX) == counts(created=1)
    offer = seller.get("/v1/offers").json()["items"][0]
    assert offer["price_tiers"] == [{"min_quantity": "100", "unit_price": "109.1234"}]


def test_columns_that_mean_the_same_are_refused(seller: Any) -> None:
    answer = posted(seller, table([*CHINESE, "sku"]).encode())

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("#/columns/sku", "duplicate")
    ]


def test_empty_columns_and_rows_at_the_edges_are_passed(seller: Any) -> None:
    lines = table([*CHINESE, "", ""], ["K-1", "课桌", *VALUES, "", ""], [""] * 13, [])
    assert taken(seller, ("\n" + lines + ",,,\n").encode(), CSV) == counts(created=1)
