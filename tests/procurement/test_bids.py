"""Bids through the API: handed in, replaced, withdrawn, confirmed, opened."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.procurement import bidding

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def supplier(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


def test_sealed_bids_are_opened_by_enough_openers(as_org: AsOrg, buyer: Any, supplier: Any) -> None:
    other = as_org(["manufacturer"])

    opened = bidding.opened(as_org, buyer, [(supplier, "9850.00"), (other, "9700.00")])

    assert opened.tender["status_details"] == "bidsOpened"
    first, second = opened.bids
    assert (first["status"], first["status_details"]) == ("pending", "opened")
    assert first["contents"]["lots"][0]["value"] == {"amount": "5910000", "currency": "KGS"}
    assert second["contents"]["lots"][0]["items"][0]["unit_price_amount"] == "9700"
    assert {each["bid"] for each in opened.record["bids"]} == {first["id"], second["id"]}
