"""The worked example through the API: rates, a body, and a tender with its seven bids."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from api.core import db
from api.reference.models import FxRate
from api.rules.clock import local_date
from tests.conftest import Actor
from tests.procurement import bidding, samples
from tests.procurement.bidding import Bidding, Opened

type AsOrg = Callable[..., Any]
NBKR = "NBKR (test)"
ROAD = "road-yiwu-torugart-bishkek"
RAIL = "rail-lianyungang-altynkol-bishkek"
GOODS = {
    "tnved_code": "8413703000",
    "net_weight_kg": "8200",
    "gross_weight_kg": "8600",
    "volume_m3": "24",
    "packages": "100",
}
STATED = {
    "kind": "post_border_carriage",
    "amount": "14500",
    "currency": "CNY",
    "documented": True,
}
IMPORTER = {"importer_of_record": "ОсОО Импорт", "importer_tax_id": "01234567890123"}
# Incoterm: (unit price, place, other terms of the bid, the delivered cost gross and net of VAT)
BIDS: dict[str, tuple[str, str, dict[str, Any], str, str | None]] = {
    "EXW": ("6000", "cn-yiwu", {}, "9480269.19", "8488615.11"),
    "CPT": ("6550", "kg-bishkek", {"stated_charges": [STATED]}, "9521042.94", "8525035.05"),
    "CIP": ("6580", "kg-bishkek", {"stated_charges": [STATED]}, "9533109", "8535812.7"),
    "FCA": ("6320", "cn-kashi", {"is_seller_premises": False}, "9538517.35", "8540643.55"),
    "DAP": ("6600", "kg-bishkek", {}, "9594240", "8571372"),
    "FOB": ("6120", "cn-lianyungang", {}, "9604777.38", "8596192.51"),
    "DDP": ("7950", "kg-bishkek", IMPORTER, "9781500", None),
}


def know_rates(*days: int, cny: str = "12.30") -> None:
    """Rates of so many days from today."""
    with db.worker_unit_of_work() as session:
        today = local_date(db.now(session))
        for ahead in days or (0,):
            for base, rate in {"CNY": cny, "EUR": "101.00"}.items():
                session.add(
                    FxRate(
                        day=today + timedelta(days=ahead),
                        base=base,
                        quote="KGS",
                        rate=Decimal(rate),
                        source=NBKR,
                    )
                )


def body(term: str = "EXW", **changed: Any) -> dict[str, Any]:
    """A body that asks for the landed cost of one bid of the worked example."""
    price, place, more, _, _ = BIDS[term]
    terms = {"incoterm": term, "place_code": place, "accept_deemed": term == "FOB"}
    terms |= {name: value for name, value in more.items() if name != "stated_charges"}
    line = {"id": "pumps", "quantity": "100", "unit_price": price, "origin": "CN", **GOODS}
    return {
        "destination_place_code": "kg-bishkek",
        "dispatch_country": "CN",
        "delivery_terms": terms,
        "currency": "CNY",
        "lines": [line],
        "stated_charges": more.get("stated_charges", []),
        "route_code": RAIL if term == "FOB" else ROAD,
        "fx_source": NBKR,
        **changed,
    }


def landed(actor: Actor, **changed: Any) -> Any:
    """A landed cost as the API answers."""
    answer = actor.post("/v1/landed-costs", json=body(**changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


def content(tender: Any, term: str) -> dict[str, Any]:
    """What a supplier bids under a term."""
    price, place, more, _, _ = BIDS[term]
    made = bidding.content(tender, price)
    (lot,) = made["lots"]
    lot |= {"incoterm": term, "named_place": place, "place_code": place, **more}
    lot |= {"dispatch_country": "CN", "vat_included": False}
    lot["value"]["currency"] = "CNY"
    for item in lot["items"]:
        item["country_of_origin"] = "CN"
    return made


def published(as_org: AsOrg, buyer: Actor, *, award: dict[str, Any] | None = None) -> Bidding:
    """A published tender of 100 pumps to Bishkek whose bids are compared at delivered cost."""
    item = samples.item(quantity="100", unit_code="C62")
    lot = samples.lot(value=None, delivery_place_code="kg-bishkek", incoterms=[], items=[item])
    draft = samples.drafted(buyer, lots=[lot])
    url = f"/v1/tenders/{draft['id']}"
    items = [each["id"] for each in draft["lots"][0]["items"]]
    terms = {"fx_source": NBKR, "routes": [ROAD, RAIL], "goods": dict.fromkeys(items, GOODS)}
    answer = buyer.request("PUT", f"{url}/landed-cost-terms", json=terms)
    assert answer.status_code == 200, answer.text
    if award is not None:
        answer = buyer.request("PUT", f"{url}/award-terms", json=award)
        assert answer.status_code == 200, answer.text
    holders = bidding.openers(as_org, buyer)
    answer = buyer.post(f"{url}/publish")
    assert answer.status_code == 200, answer.text
    return Bidding(buyer, answer.json(), holders, {})


def handed(as_org: AsOrg, made: Bidding, *terms: str) -> list[Any]:
    """A bid of a Chinese supplier under each of the terms."""
    return [
        bidding.submit(made, as_org(["supplier"], country="CN"), content(made.tender, term))
        for term in terms
    ]


def opened(as_org: AsOrg, buyer: Actor, *terms: str, **changed: Any) -> Opened:
    """The tender with its bids opened, at known rates."""
    know_rates(*range(20, 26))
    made = published(as_org, buyer, **changed)
    return bidding.finished(made, handed(as_org, made, *terms))


def lot_url(over: Opened | Bidding) -> str:
    """The routes of the lot's landed costs."""
    made = over.bidding if isinstance(over, Opened) else over
    return f"/v1/tenders/{made.id}/lots/{made.tender['lots'][0]['id']}/landed-costs"
