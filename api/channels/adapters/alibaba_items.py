"""Products as Alibaba.com wants them (`product_info` of its product API, version 2), and its
refusals as fields of ours.

`basic_info`, `category_info`, `trade_info` and `logistics_info` are the platform's own groups. What
it would refuse anyway is refused here with the field named, before anything is sent.
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from api.channels.adapters.iop import GatewayRefused
from api.channels.adapters.port import Fault, Item, Refused
from api.rules.channel_listings import Part

MOST_IMAGES = 6
LONGEST_ATTRIBUTE = 70
LONGEST_TITLE = 128
_LANGUAGES = {"en": "en_US", "zh": "zh_CN", "ru": "ru_RU"}
UNITS = {
    "C62": "Piece",
    "H87": "Piece",
    "PCE": "Piece",
    "BG": "Bag",
    "PR": "Pair",
    "SET": "Set",
    "BX": "Box",
    "CT": "Carton",
    "MTR": "Meter",
    "RO": "Roll",
    "KGM": "Kilogram",
    "TNE": "Ton",
    "PK": "Pack",
    "DZN": "Dozen",
    "GRM": "Gram",
    "LTR": "Liter",
    "ST": "Sheet",
}
"""UN/ECE Recommendation 20 to the units of sale that the platform takes."""
_FAULTS: Mapping[str, tuple[str, str]] = {
    "B_TITLE_NOT_FOUND": ("#/product/names", "missing"),
    "B_TITLE_INVALID": ("#/product/names", "not_taken"),
    "B_KEYWORD_NOT_FOUND": ("#/keywords", "missing"),
    "B_KEYWORD_INVALID": ("#/keywords", "not_taken"),
    "B_DESCRIPTION_INVALID": ("#/product/descriptions", "not_taken"),
    "DESCRIPTION_IS_REQUIRED": ("#/product/descriptions", "missing"),
    "B_CONTAINS_INVALID_IMAGE": ("#/product/media", "not_taken"),
    "B_IMAGE_UPLOAD_FAILED": ("#/product/media", "not_taken"),
    "B_CATEGORY_PREDICT_FAIL": ("#/category", "missing"),
    "BUSINESS_CATEGORY_NOT_EXIST": ("#/category", "not_taken"),
    "B_ATTRIBUTE_INVALID": ("#/product/attributes", "not_taken"),
    "B_PRICE_ALL_NULL": ("#/offer/price_tiers", "missing"),
    "B_PRICE_CONFLICT": ("#/offer/price_tiers", "not_taken"),
    "B_MIN_PRICE_RANGE_INVALID": ("#/offer/price_tiers", "not_taken"),
    "B_PRICE_SEQUENCE_INVALID": ("#/offer/price_tiers", "not_taken"),
    "B_PRICE_SCALE_INVALID": ("#/offer/price_tiers", "not_taken"),
    "B_INVENTORY_ALL_NULL": ("#/stock", "missing"),
    "B_INVENTORY_CONFLICT": ("#/stock", "not_taken"),
    "B_PRODUCT_PARAM_INVALID": ("#", "not_taken"),
    "B_PRODUCT_NOT_FOUND": ("#", "unknown_there"),
}
"""The platform's codes, by the fields of ours that they are about."""


def fault(refused: GatewayRefused) -> Fault:
    """A refusal as a fault; a code that nobody has mapped is about the whole, and kept."""
    pointer, code = _FAULTS.get(refused.code, ("#", "refused"))
    return Fault(pointer, code, refused.message or refused.code, refused.code)


def parts(item: Item) -> dict[str, Any]:
    """The parts of an item as they would be sent. Raises Refused with everything that is wrong."""
    faults = [*_faults(item)]
    if faults:
        raise Refused(faults)
    return {
        Part.CONTENT.value: _content(item),
        Part.PRICE.value: price(item),
        Part.STOCK.value: None if item.stock is None else int(item.stock),
    }


def product_info(of: Mapping[str, Any], external_id: str | None = None) -> dict[str, Any]:
    """`product_info` of all parts together, for a new item or for all of one that is there."""
    content = of[Part.CONTENT.value]
    basic = dict(content["basic_info"])
    if external_id is not None:
        basic["product_id"] = external_id
    trade = {**content["trade_info"], "price": of[Part.PRICE.value]}
    if of[Part.STOCK.value] is not None:
        trade["inventory"] = of[Part.STOCK.value]
    return {**content, "basic_info": basic, "trade_info": trade}


def price(item: Item) -> dict[str, Any]:
    """`price`: tiers of US dollars, with two decimals."""
    tiers = [
        {"quantity": int(quantity), "price": f"{amount:.2f}"} for quantity, amount in item.tiers
    ]
    return {"price_type": "TIERED", "currency": item.currency, "tiered_price": tiers}


def _content(item: Item) -> dict[str, Any]:
    content: dict[str, Any] = {
        "basic_info": _filled(
            title=item.title,
            description=item.description,
            keywords=item.keywords,
            language=_LANGUAGES[item.language],
            model_number=item.reference,
            brand_name=item.brand,
            product_image=[{"image_url": each} for each in item.images[:MOST_IMAGES]],
        ),
        "trade_info": {"moq": int(item.moq), "unit": UNITS[item.unit_code]},
        "logistics_info": _logistics(item),
    }
    if item.category is not None:
        attributes = [
            {"attribute_name": name, "attribute_value": value}
            for name, value in sorted(item.attributes.items())
        ]
        content["category_info"] = {"category_id": item.category, "attributes": attributes}
    return {name: value for name, value in content.items() if value}


def _logistics(item: Item) -> dict[str, Any]:
    size = None
    if item.measures_mm is not None:
        names = ("length", "width", "height")
        centimetres = (f"{each / 10:.1f}" for each in item.measures_mm)
        size = dict(zip(names, centimetres, strict=True))
    times = [{"quantity": int(quantity), "lead_time": days} for quantity, days in item.lead_times]
    weight = None if item.weight_kg is None else f"{item.weight_kg:.3f}"
    return _filled(tiered_lead_time=times, weight=weight, dimension=size)


def _faults(item: Item) -> list[Fault]:
    found: list[Fault] = []

    def say(pointer: str, code: str, detail: str) -> None:
        found.append(Fault(pointer, code, detail))

    if item.language not in _LANGUAGES:
        say("#/product/names", "language_not_taken", "A name in English, Chinese or Russian.")
    if len(item.title) > LONGEST_TITLE:
        say("#/product/names", "too_long", f"At most {LONGEST_TITLE} characters.")
    if not item.images:
        say("#/product/media", "missing", "At least one picture.")
    if item.keywords is None:
        say("#/keywords", "missing", "Words by which buyers find it.")
    if item.unit_code not in UNITS:
        say("#/offer/unit_code", "unit_not_taken", f"One of {', '.join(sorted(UNITS))}.")
    if item.currency != "USD":
        say("#/offer/currency", "currency_not_taken", "Prices there are in USD.")
    if any(_decimals(amount) > 2 for _, amount in item.tiers):
        say("#/offer/price_tiers", "too_precise", "At most two decimals.")
    if _falls_not([amount for _, amount in item.tiers]):
        say("#/offer/price_tiers", "not_falling", "A larger quantity costs less for one unit.")
    if any(_decimals(quantity) > 0 for quantity, _ in item.tiers) or _decimals(item.moq) > 0:
        say("#/offer/price_tiers", "not_whole", "Quantities are whole numbers there.")
    if item.stock is not None and _decimals(item.stock) > 0:
        say("#/stock", "not_whole", "The stock is a whole number there.")
    for name, value in sorted(item.attributes.items()):
        if item.category is not None and len(value) > LONGEST_ATTRIBUTE:
            detail = f"{name}: at most {LONGEST_ATTRIBUTE} characters."
            say(f"#/product/attributes/{_escaped(name)}", "too_long", detail)
    return found


def _falls_not(amounts: list[Decimal]) -> bool:
    return any(later >= sooner for sooner, later in pairwise(amounts))


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "what is stored is a number"
    return max(0, -exponent)


def _escaped(name: str) -> str:
    """RFC 6901."""
    return name.replace("~", "~0").replace("/", "~1")


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
