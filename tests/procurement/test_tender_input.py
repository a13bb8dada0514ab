"""Bad input gets a problem that names the field, and changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from api.core.outbox import OutboxEvent
from api.procurement.models import Tender
from tests.procurement import samples

type AsOrg = Callable[..., Any]
ITEM = "#/lots/0/items/0"


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def nothing(session: Session) -> bool:
    session.rollback()
    return not session.exec(select(Tender)).all() and not session.exec(select(OutboxEvent)).all()


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"quantity": "0"}, f"{ITEM}/quantity"),
        ({"quantity": "-5"}, f"{ITEM}/quantity"),
        ({"quantity": "1000000000000.1"}, f"{ITEM}/quantity"),
        ({"quantity": "0.0000001"}, f"{ITEM}/quantity"),
        ({"quantity": "NaN"}, f"{ITEM}/quantity"),
        ({"quantity": "Infinity"}, f"{ITEM}/quantity"),
        ({"quantity": "1e400"}, f"{ITEM}/quantity"),
        ({"quantity": "много"}, f"{ITEM}/quantity"),
        ({"quantity": None}, f"{ITEM}/quantity"),
        ({"unit_code": "XYZ"}, f"{ITEM}/unit_code"),
        ({"unit_code": "шт"}, f"{ITEM}/unit_code"),
        ({"classification": {"scheme": "CPV", "id": "99999999-9"}}, f"{ITEM}/classification/id"),
        ({"classification": {"scheme": "CPV", "id": "39160000"}}, f"{ITEM}/classification/id"),
        ({"classification": {"scheme": "HS", "id": "940320"}}, f"{ITEM}/classification/scheme"),
        (
            {"additional_classifications": [{"scheme": "HS", "id": "123456"}]},
            f"{ITEM}/additional_classifications/0/id",
        ),
        ({"description": {}}, f"{ITEM}/description"),
        ({"description": {"ru": "  "}}, f"{ITEM}/description/ru"),
        ({"description": {"ru": "нул\u0000ь"}}, f"{ITEM}/description/ru"),
        ({"price": "1"}, f"{ITEM}/price"),
    ],
)
def test_a_bad_field_of_an_item_is_named(
    buyer: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    lot = samples.lot(items=[samples.item(**changed)])

    answer = buyer.post("/v1/tenders", json=samples.tender(lots=[lot]))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert samples.pointers(answer) == [pointer]
    assert nothing(session)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"items": []}, "#/lots/0/items"),
        ({"delivery_place_code": "kg-atlantis"}, "#/lots/0/delivery_place_code"),
        ({"delivery_place_code": None}, "#/lots/0/delivery_place_code"),
        ({"delivery_period_end": "2027-02-30"}, "#/lots/0/delivery_period_end"),
        ({"delivery_period_end": samples.day(50)}, "#/lots/0/delivery_period_end"),
        ({"delivery_period_end": "9999-12-31"}, "#/lots/0/delivery_period_end"),
        ({"incoterms": ["DAT"]}, "#/lots/0/incoterms/0"),
        ({"required_certificates": ["ISO0"]}, "#/lots/0/required_certificates/0"),
        ({"value": {"amount": "0", "currency": "KGS"}}, "#/lots/0/value/amount"),
        ({"value": {"amount": "1", "currency": "XXQ"}}, "#/lots/0/value/currency"),
        ({"title": {"ru": "x" * 501}}, "#/lots/0/title/ru"),
    ],
)
def test_a_bad_field_of_a_lot_is_named(
    buyer: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    answer = buyer.post("/v1/tenders", json=samples.tender(lots=[samples.lot(**changed)]))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert samples.pointers(answer) == [pointer]
    assert nothing(session)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"status": "active"}, "#/status"),
        ({"ocid": "ocds-kerben0-1"}, "#/ocid"),
        ({"title": {}}, "#/title"),
        ({"title": {"ky": "Эмерек"}}, "#/title"),
        ({"language": "de"}, "#/language"),
        ({"procurement_method": "secret"}, "#/procurement_method"),
        ({"tender_period_end": "2027-03-01T12:00:00"}, "#/tender_period_end"),
        ({"tender_period_end": "9999-12-31T23:59:59Z"}, "#/tender_period_end"),
        ({"tender_period_end": "0001-01-01T00:00:00+14:00"}, "#/tender_period_end"),
        ({"tender_period_start": samples.in_days(30)}, "#/tender_period_end"),
        ({"enquiry_period_end": samples.in_days(23)}, "#/enquiry_period_end"),
        ({"value": {"amount": "1", "currency": "KGS"}}, "#/value/amount"),
        ({"value": {"amount": "99999999", "currency": "USD"}}, "#/lots/0/value/currency"),
        ({"lots": [samples.lot()] * 101}, "#/lots"),
    ],
)
def test_a_bad_field_of_a_tender_is_named(
    buyer: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    answer = buyer.post("/v1/tenders", json=samples.tender(**changed))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert samples.pointers(answer) == [pointer]
    assert nothing(session)


@pytest.mark.parametrize("where", ["tender", "lot", "item"])
def test_a_language_that_kerben_does_not_speak_is_named(
    buyer: Any, session: Session, where: str
) -> None:
    text = {"ru": "Парты", "de": "Schulbänke"}
    item = samples.item(description=text) if where == "item" else samples.item()
    lot = samples.lot(items=[item], **({"title": text} if where == "lot" else {}))
    body = samples.tender(lots=[lot], **({"title": text} if where == "tender" else {}))

    answer = buyer.post("/v1/tenders", json=body)

    prefix = {"tender": "#/title", "lot": "#/lots/0/title", "item": f"{ITEM}/description"}[where]
    assert answer.status_code == 422
    assert [*samples.pointers(answer)] == [f"{prefix}/de"]
    assert nothing(session)


@pytest.mark.parametrize("field", ["tender_period_end", "enquiry_period_end"])
def test_a_deadline_in_the_past_is_refused_at_once(
    buyer: Any, session: Session, field: str
) -> None:
    answer = buyer.post("/v1/tenders", json=samples.tender(**{field: samples.in_days(-0.001)}))

    assert (answer.status_code, answer.json()["code"]) == (409, "deadline_in_past")
    assert samples.pointers(answer) == [f"#/{field}"]
    assert nothing(session)


def test_every_unknown_code_is_named_at_once(buyer: Any, session: Session) -> None:
    bad = samples.item(
        unit_code="XYZ",
        classification={"scheme": "CPV", "id": "99999999-9"},
    )
    lots = [
        samples.lot(items=[samples.item(), bad, samples.item(unit_code="QQQ")]),
        samples.lot(delivery_place_code="kg-atlantis", required_certificates=["ISO9001", "ISO0"]),
    ]

    answer = buyer.post("/v1/tenders", json=samples.tender(lots=lots))

    assert answer.status_code == 422
    assert sorted(samples.pointers(answer)) == [
        "#/lots/0/items/1/classification/id",
        "#/lots/0/items/1/unit_code",
        "#/lots/0/items/2/unit_code",
        "#/lots/1/delivery_place_code",
        "#/lots/1/required_certificates/1",
    ]
    assert nothing(session)


def test_a_thousand_items_are_taken_and_one_more_is_not(buyer: Any, session: Session) -> None:
    def lots(count: int) -> list[dict[str, Any]]:
        item = {"description": {"ru": "Винт"}, "quantity": "1", "unit_code": "C62"}
        return [samples.lot(items=[item] * 500), samples.lot(items=[item] * (count - 500))]

    refused = buyer.post("/v1/tenders", json=samples.tender(lots=lots(1001)))
    taken = buyer.post("/v1/tenders", json=samples.tender(lots=lots(1000)))

    assert (refused.status_code, samples.pointers(refused)) == (422, ["#/lots"])
    assert taken.status_code == 201
    assert sum(len(lot["items"]) for lot in taken.json()["lots"]) == 1000
    assert len(session.exec(select(Tender)).all()) == 1


def test_null_does_not_empty_what_a_draft_must_have(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer)

    answer = buyer.patch(f"/v1/tenders/{made['id']}", json={"title": None, "lots": None})

    assert answer.status_code == 422
    assert samples.pointers(answer) == ["#/title", "#/lots"]
    assert samples.row(session, made).version == 1


def test_the_same_bad_fields_are_refused_in_patch_and_amend(buyer: Any, session: Session) -> None:
    draft, public = samples.drafted(buyer), samples.published(buyer)
    lot = public["lots"][0]
    change = {"id": lot["id"], "items": [{"id": lot["items"][0]["id"], "quantity": "-1"}]}

    patched = buyer.patch(
        f"/v1/tenders/{draft['id']}",
        json={"lots": [samples.lot(items=[samples.item(quantity="-1")])]},
    )
    amended = buyer.post(
        f"/v1/tenders/{public['id']}/amend", json={"rationale": "x", "lots": [change]}
    )

    assert samples.pointers(patched) == samples.pointers(amended) == [f"{ITEM}/quantity"]
    assert samples.row(session, draft).version == 1
    assert samples.row(session, public).version == 2


@pytest.mark.parametrize(
    "url",
    [
        "/v1/tenders/tender_1",
        "/v1/tenders/offer_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
        "/v1/tenders?status=open",
        "/v1/tenders?cpv=39%25",
        "/v1/tenders?q=%00",
        "/v1/tenders?limit=0",
        "/v1/tenders?buyer=x",
    ],
)
def test_bad_parameters_are_problems_too(buyer: Any, url: str) -> None:
    answer = buyer.get(url)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert len(answer.json()["errors"]) == 1


TEXTS = st.text(st.characters(), max_size=20)  # lone surrogates and control characters too
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(sorted({*samples.tender(), *samples.lot(), *samples.item(), "value"}))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(field=FIELDS, value=JSON_VALUES, level=st.integers(0, 2))
def test_no_input_whatever_is_an_internal_error(
    buyer: Any, field: str, value: Any, level: int
) -> None:
    item, lot, body = samples.item(), samples.lot(), samples.tender()
    (body, lot, item)[level][field] = value
    if not (level < 2 and field == "items"):
        lot.setdefault("items", [item])
        lot["items"] = [item] if level == 2 else lot["items"]
    if not (level == 0 and field == "lots"):
        body["lots"] = [lot]

    answer = buyer.post(
        "/v1/tenders", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (201, 400, 409, 422), answer.text
