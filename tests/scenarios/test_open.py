"""The unrestricted procedure, from the draft on, as a page of docs."""

from collections.abc import Callable
from typing import Any

from tests.procurement import samples
from tests.scenarios.recorder import Page

type AsOrg = Callable[..., Any]
type Begin = Callable[[str, str, str], Page]


def test_an_open_tender_through_http(page: Begin, as_org: AsOrg, drain: Callable[[], int]) -> None:
    buyer = as_org(["buyer"])
    told = page(
        "open",
        "An open tender",
        "Written by a test that makes every request shown here. `<name>` stands for what differs"
        " from run to run; ids are numbered.",
    )
    told.say("The officer drafts a tender. Only the buyer sees it, and may change everything.")
    draft = told.call(
        "buyer", buyer, "POST", "/v1/tenders", json=samples.tender(), expect=201
    ).json()
    at = f"/v1/tenders/{draft['id']}"
    told.say("Published, the tender carries the rules that it runs under to its end.")
    told.call("buyer", buyer, "POST", f"{at}/publish", expect=200)
    told.call("buyer", buyer, "GET", f"{at}/policy", expect=200)
    drain()
    told.finish()
