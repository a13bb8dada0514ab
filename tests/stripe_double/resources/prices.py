"""Products and their prices."""

from typing import Any

from tests.stripe_double.errors import invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources.common import merge
from tests.stripe_double.world import World

Json = dict[str, Any]


@serves("v1.products.create")
def create_product(call: Call) -> Json:
    if call.get("default_price_data"):
        raise invalid("the double does not model default_price_data", param="default_price_data")
    return make_product(call.world, {k: call.get(k) for k in call.params if k != "expand"})


def make_product(world: World, given: Json) -> Json:
    now = world.now()
    empty: Json = {"active": True, "images": [], "marketing_features": [], "metadata": {}}
    values = {k: v for k, v in given.items() if v is not None}
    product = world.new("product", "prod", type="service", updated=now, **{**empty, **values})
    world.tell("product.created", product)
    return product


@serves("v1.products.retrieve")
def retrieve_product(call: Call) -> Json:
    return call.world.find("product", call.id)


@serves("v1.products.update")
def update_product(call: Call) -> Json:
    product = call.world.find("product", call.id)
    previous = merge(product, call.params)
    call.world.tell("product.updated", product, previous=previous)
    return product


@serves("v1.products.list")
def list_products(call: Call) -> Json:
    held = call.world.all("product")
    return call.world.listed(held, call.params, "/v1/products", filters=["active"])


@serves("v1.prices.create")
def create_price(call: Call) -> Json:
    return make_price(call.world, call.params)


def make_price(world: World, given: Json) -> Json:
    """A price, also of the inline `price_data` of a line, whose product may be inline too."""
    if ("product" in given) == ("product_data" in given):
        raise invalid("Exactly one of product and product_data must be given.", param="product")
    if "product" in given:
        product = world.find("product", given["product"], param="product")
    else:
        product = make_product(world, dict(given["product_data"]))
    if given.get("unit_amount") is None:
        raise invalid("the double models prices with a unit_amount", param="unit_amount")
    recurring = None
    if wanted := given.get("recurring"):
        defaults = {"interval_count": 1, "meter": None, "usage_type": "licensed"}
        recurring = {**defaults, "trial_period_days": None, **wanted}
    price = world.new(
        "price",
        "price",
        active=given.get("active", True),
        billing_scheme="per_unit",
        currency=given["currency"].lower(),
        lookup_key=given.get("lookup_key"),
        metadata=given.get("metadata") or {},
        nickname=given.get("nickname"),
        product=product["id"],
        recurring=recurring,
        tax_behavior=given.get("tax_behavior") or "unspecified",
        type="recurring" if recurring else "one_time",
        unit_amount=given["unit_amount"],
        unit_amount_decimal=str(given["unit_amount"]),
    )
    world.tell("price.created", price)
    return price


@serves("v1.prices.retrieve")
def retrieve_price(call: Call) -> Json:
    return call.world.find("price", call.id)


@serves("v1.prices.update")
def update_price(call: Call) -> Json:
    price = call.world.find("price", call.id)
    previous = merge(price, call.params)
    call.world.tell("price.updated", price, previous=previous)
    return price


@serves("v1.prices.list")
def list_prices(call: Call) -> Json:
    held = call.world.all("price")
    if keys := call.get("lookup_keys"):
        held = [each for each in held if each["lookup_key"] in keys]
    return call.world.listed(
        held, call.params, "/v1/prices", filters=["active", "product", "type", "currency"]
    )
