"""What the operations take and do, as openapi.alibaba.com documents them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.alibaba_double.app import Platform

type Json = dict[str, Any]
_ids = count(1601464242677)


class BusinessError(Exception):
    """`success: false` with `msg_code`."""

    def __init__(self, code: str, message: str = "refused") -> None:
        super().__init__(code)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Operation:
    run: Callable[["Platform", Json], Json]
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    token: bool = True


def _create_token(platform: "Platform", given: Json) -> Json:
    if given["code"] != "3_512345_code" or platform.tokens:
        return {"code": "InvalidCode", "message": "the code is used or unknown"}
    return platform.new_tokens()


def _refresh_token(platform: "Platform", given: Json) -> Json:
    if given["refresh_token"] not in platform.refresh_tokens[-1:]:
        return {"code": "IllegalRefreshToken", "message": "it is over"}
    return platform.new_tokens()


def _listing(platform: "Platform", given: Json) -> Json:
    info = given["product_info"]
    _check(info)
    id = str(next(_ids))
    platform.products[id] = {"info": info, "status": "pending"}
    return {"code": "0", "success": True, "result": {"data": int(id)}}


def _update(platform: "Platform", given: Json) -> Json:
    info = given["product_info"]
    product = _product(platform, info["basic_info"].get("product_id"))
    _check(info)
    product["info"], product["status"] = info, "pending"
    return {"code": "0", "success": True, "result": {}}


def _check(info: Json) -> None:
    basic, trade = info["basic_info"], info["trade_info"]
    if not basic.get("title"):
        raise BusinessError("B_TITLE_NOT_FOUND")
    if not basic.get("keywords"):
        raise BusinessError("B_KEYWORD_NOT_FOUND")
    images = basic.get("product_image") or []
    if not 1 <= len(images) <= 6 or any("image_url" not in each for each in images):
        raise BusinessError("B_CONTAINS_INVALID_IMAGE")
    _check_price(trade.get("price"))


def _check_price(price: Json | None) -> None:
    if not price or price["price_type"] != "TIERED" or not price.get("tiered_price"):
        raise BusinessError("B_PRICE_ALL_NULL")
    amounts = [Decimal(each["price"]) for each in price["tiered_price"]]
    if any(-int(each.as_tuple().exponent) > 2 for each in amounts):
        raise BusinessError("B_PRICE_SCALE_INVALID")
    if amounts != sorted({*amounts}, reverse=True):
        raise BusinessError("B_PRICE_SEQUENCE_INVALID")


def _product(platform: "Platform", id: Any) -> Json:
    found = platform.products.get(str(id))
    if found is None:
        raise BusinessError("B_PRODUCT_NOT_FOUND")
    return found


def _search(platform: "Platform", given: Json) -> Json:
    rows = [
        {"basic_info": {**each["info"]["basic_info"], "product_id": int(id), "status": "online"}}
        for id, each in platform.products.items()
        if each["info"]["basic_info"]["model_number"] == given["model_number"]
    ]
    if not rows:
        raise BusinessError("B_PRODUCT_NOT_FOUND")
    return {"code": "0", "success": True, "result": {"product_info": rows}}


def _status(platform: "Platform", given: Json) -> Json:
    product = _product(platform, given["product_id"])
    data = {"status": product["status"], "status_desc": product.get("why")}
    return {"code": "0", "success": True, "result": {"data": data}}


def _price(platform: "Platform", given: Json) -> Json:
    product = _product(platform, given["product_id"])
    _check_price(given["price"])
    if given["price"]["currency"] != "USD":
        raise BusinessError("B_PRODUCT_PARAM_INVALID")
    product["info"]["trade_info"]["price"] = given["price"]
    return {"code": "0", "success": True, "result": {}}


def _stock(platform: "Platform", given: Json) -> Json:
    _product(platform, given["product_id"])["info"]["trade_info"]["inventory"] = given["inventory"]
    return {"code": "0", "success": True, "result": {}}


def _show(platform: "Platform", given: Json) -> Json:
    assert given["action"] in ("online", "offline")
    for id in given["product_id_list"]:
        _product(platform, id)["status"] = given["action"]
    return {"code": "0", "success": True, "updated_product_ids": given["product_id_list"]}


def _orders(platform: "Platform", given: Json) -> Json:
    query = given["param_trade_ecology_order_list_query"]
    assert query["role"] == "seller"
    size, page = query["page_size"], query["start_page"]
    rows = [
        {"trade_id": id, "modify_date": each["modify_date"]} for id, each in platform.orders.items()
    ][page * size : (page + 1) * size]
    value = {"order_list": {"trade_ecology_order": rows}}
    return {"alibaba_seller_order_list_response": {"result": {"success": True, "value": value}}}


def _order(platform: "Platform", given: Json) -> Json:
    told = platform.orders[str(given["e_trade_id"])]
    whole = {name: value for name, value in told.items() if name != "modify_date"}
    return {"alibaba_seller_order_get_response": {"value": whole}}


def _rfqs(platform: "Platform", given: Json) -> Json:
    words = given["cond"]["search_text"]
    rows = [each for each in platform.rfqs if words in each["subject"].lower()]
    return {"alibaba_icbu_rfq_search_response": {"result": {"request_list": {"request": rows}}}}


def _asks(*names: str) -> frozenset[str]:
    return frozenset(names)


OPERATIONS = {
    "/auth/token/create": Operation(_create_token, _asks("code"), token=False),
    "/auth/token/refresh": Operation(_refresh_token, _asks("refresh_token"), token=False),
    "/alibaba/icbu/product/listing/v2": Operation(
        _listing, _asks("product_info"), _asks("ai_optimization_config")
    ),
    "/alibaba/icbu/product/update/v2": Operation(_update, _asks("product_info")),
    "/alibaba/icbu/product/search/v2": Operation(
        _search, _asks("model_number"), _asks("page_index", "page_size", "sku_code")
    ),
    "/alibaba/icbu/product/status/get/v2": Operation(_status, _asks("product_id")),
    "/icbu/product/edit-price": Operation(_price, _asks("product_id", "price")),
    "/icbu/product/edit-inventory": Operation(_stock, _asks("product_id", "inventory")),
    "/alibaba/icbu/product/batch/update/status": Operation(
        _show, _asks("product_id_list", "action")
    ),
    "alibaba.seller.order.list": Operation(_orders, _asks("param_trade_ecology_order_list_query")),
    "alibaba.seller.order.get": Operation(_order, _asks("e_trade_id")),
    "alibaba.icbu.rfq.search": Operation(_rfqs, _asks("cond")),
}
