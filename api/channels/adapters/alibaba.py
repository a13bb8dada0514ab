"""Alibaba.com International: products, prices, stock, orders and requests for quotations.

Operations and field names are those of its open platform (openapi.alibaba.com): product API version
2, `alibaba.seller.order.*`, `alibaba.icbu.rfq.search`. The platform has no key that makes adding an
item idempotent: our reference is its `model_number`, by which it is asked before an item is added a
second time.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field, SecretStr

from api.channels.adapters import alibaba_items, alibaba_trade, iop
from api.channels.adapters.iop import GatewayRefused
from api.channels.adapters.port import (
    Account,
    Batch,
    Condition,
    Credentials,
    Inquiry,
    Item,
    Mark,
    Order,
    Refused,
    Unauthorised,
    Unavailable,
)
from api.core import settings
from api.rules.channel_listings import ListingStatus

ORDERS_A_PAGE = 20
_STATUSES = {
    "online": ListingStatus.LIVE,
    "pending": ListingStatus.SUBMITTED,
    "draft": ListingStatus.SUBMITTED,
    "failed": ListingStatus.REJECTED,
    "offline": ListingStatus.PAUSED,
    "deleted": ListingStatus.WITHDRAWN,
}
_GONE = "B_PRODUCT_NOT_FOUND"


class AlibabaSettings(BaseModel, extra="forbid"):
    """What a seller chooses."""

    rfq_keywords: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Requests for quotations with these words are taken in"
    )


class AlibabaCredentials(BaseModel, extra="forbid"):
    """The code with which the platform sends a seller back who has agreed."""

    code: Annotated[SecretStr, Field(min_length=1, max_length=500)]


class Alibaba:
    """The adapter (`port.Channel`)."""

    name, title = "alibaba", "Alibaba.com"
    settings = AlibabaSettings
    credentials = AlibabaCredentials
    of_partner, polled = False, True

    def available(self) -> bool:
        """Once the installation has an app there."""
        config = settings.get()
        return config.alibaba_app_key is not None and config.alibaba_app_secret is not None

    def authorise(self, account: Account) -> Credentials:
        """Tokens for the code of a seller who has agreed, or new ones for the old."""
        held = account.credentials
        if "refresh_token" in held:
            operation, given = "/auth/token/refresh", {"refresh_token": held["refresh_token"]}
        else:
            operation, given = "/auth/token/create", {"code": held["code"]}
        try:
            told = iop.call(operation, given, now=account.now, token=None)
        except GatewayRefused as error:
            raise Unauthorised(error.code) from None
        if not isinstance(told.get("access_token"), str):
            raise Unavailable("alibaba: an answer without a token")
        lasts = alibaba_trade.number(told.get("expires_in"))
        fresh = {
            name: str(told[name]) for name in ("access_token", "refresh_token") if told.get(name)
        }
        until = None if lasts is None else account.now + timedelta(seconds=float(lasts))
        named = told.get("account") or told.get("seller_id")
        return Credentials(fresh, until, None if named is None else str(named)[:100])

    def parts(self, item: Item) -> Mapping[str, Any]:
        """`product_info`, apart from price and stock; `price`; `inventory`. Raises Refused."""
        return alibaba_items.parts(item)

    def look_up(self, account: Account, reference: str) -> str | None:
        """The newest product of the seller with this `model_number`."""
        given = {"page_index": 1, "page_size": 20, "model_number": reference}
        try:
            told = _call(account, "/alibaba/icbu/product/search/v2", given)
        except GatewayRefused as error:
            if error.code == _GONE:
                return None
            raise Refused([alibaba_items.fault(error)]) from None
        rows = _result(told).get("product_info")
        for each in rows if isinstance(rows, list) else []:
            basic = each.get("basic_info", {})
            if basic.get("model_number") == reference and basic.get("status") != "deleted":
                return str(basic["product_id"])
        return None

    def add(self, account: Account, parts: Mapping[str, Any], reference: str) -> Condition:
        """`/alibaba/icbu/product/listing/v2`; the platform looks it through afterwards."""
        info = alibaba_items.product_info(parts)
        told = _asked(account, "/alibaba/icbu/product/listing/v2", {"product_info": info})
        found = _result(told).get("data")
        if isinstance(found, bool) or not isinstance(found, int | str) or not str(found):
            raise Unavailable("alibaba: a product without an id")
        return Condition(ListingStatus.SUBMITTED, external_id=str(found))

    def revise(self, account: Account, external_id: str, parts: Mapping[str, Any]) -> Condition:
        """`/alibaba/icbu/product/update/v2`, which is looked through again."""
        info = alibaba_items.product_info(parts, external_id)
        _asked(account, "/alibaba/icbu/product/update/v2", {"product_info": info})
        return Condition(ListingStatus.SUBMITTED, external_id=external_id)

    def price(self, account: Account, external_id: str, price: Any) -> None:
        """`/icbu/product/edit-price`."""
        given = {"product_id": external_id, "price": price}
        _asked(account, "/icbu/product/edit-price", given)

    def stock(self, account: Account, external_id: str, stock: Any) -> None:
        """`/icbu/product/edit-inventory`; a stock that is told no more is none."""
        given = {"product_id": external_id, "inventory": 0 if stock is None else stock}
        _asked(account, "/icbu/product/edit-inventory", given)

    def show(self, account: Account, external_id: str, *, shown: bool) -> None:
        """`/alibaba/icbu/product/batch/update/status`, of one; what is deleted there is offline."""
        given = {"product_id_list": [external_id], "action": "online" if shown else "offline"}
        try:
            _call(account, "/alibaba/icbu/product/batch/update/status", given)
        except GatewayRefused as error:
            if shown or error.code != _GONE:
                raise Refused([alibaba_items.fault(error)]) from None

    def condition(self, account: Account, external_id: str) -> Condition:
        """`/alibaba/icbu/product/status/get/v2`; a state that nobody has mapped is still awaited."""
        given = {"product_id": external_id}
        told = _asked(account, "/alibaba/icbu/product/status/get/v2", given)
        data = _result(told).get("data")
        known = data if isinstance(data, Mapping) else {}
        status = _STATUSES.get(str(known.get("status")), ListingStatus.SUBMITTED)
        faults = []
        if status is ListingStatus.REJECTED:
            said = str(known.get("status_desc") or "failed")[:500]
            faults.append(alibaba_items.fault(GatewayRefused(said.partition(":")[0], said)))
        return Condition(status, faults, external_id)

    def orders(self, account: Account, since: datetime, page: int) -> Batch[Mark]:
        """`alibaba.seller.order.list`: what was modified since."""
        query = {
            "role": "seller",
            "start_page": page,
            "page_size": ORDERS_A_PAGE,
            "modified_date_start": {"date_str": f"{since:%Y-%m-%d %H:%M:%S}"},
        }
        told = _asked(
            account, "alibaba.seller.order.list", {"param_trade_ecology_order_list_query": query}
        )
        found = alibaba_trade.listed(told)
        return Batch(found, more=len(found) == ORDERS_A_PAGE)

    def order(self, account: Account, mark: Mark) -> Order:
        """`alibaba.seller.order.get`."""
        told = _asked(account, "alibaba.seller.order.get", {"e_trade_id": mark.external_id})
        return alibaba_trade.order(told, mark)

    def inquiries(self, account: Account, page: int) -> Batch[Inquiry]:
        """`alibaba.icbu.rfq.search`, by the seller's words; nothing without them."""
        words = account.settings.get("rfq_keywords")
        if not words:
            return Batch([], more=False)
        cond = {"search_text": words, "current_page": page + 1, "page_size": ORDERS_A_PAGE}
        told = _asked(account, "alibaba.icbu.rfq.search", {"cond": cond})
        found = alibaba_trade.inquiries(told)
        return Batch(found, more=len(found) == ORDERS_A_PAGE)


def _call(account: Account, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    token = account.credentials.get("access_token")
    if token is None:
        raise Unauthorised("no token")
    return iop.call(operation, given, now=account.now, token=token)


def _asked(account: Account, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _call(account, operation, given)
    except GatewayRefused as error:
        raise Refused([alibaba_items.fault(error)]) from None


def _result(told: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = told.get("result")
    return inner if isinstance(inner, Mapping) else told
