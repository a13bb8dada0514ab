"""What surrounds the contract: the documentation's own files, and the names of routes."""

import re
from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_everything_that_a_documentation_page_loads_comes_from_here(client: Any, page: str) -> None:
    text = client.get(page).text
    loaded = re.findall(r"""(?:src|href|spec-url)=["']([^"'#]+)["']|url: ["']([^"']+)["']""", text)
    assets = {one or other for one, other in loaded}
    assert len(assets) >= 2
    for asset in assets:
        assert asset.startswith("/"), asset
        answer = client.get(asset)
        assert (answer.status_code, len(answer.content) > 0) == (200, True), asset


def test_metrics_name_a_route_by_its_whole_path(as_org: Callable[..., Any], client: Any) -> None:
    as_org(["buyer"]).get("/v1/tenders/tender_019abf2e8c1d7c3fa9b04b4c6f0d2e11")
    client.get("/public/tenders/ocds-kerben0-000001")
    metrics = client.get("/metrics").text
    assert 'route="/v1/tenders/{tender_id}"' in metrics
    assert 'route="/public/tenders/{ocid}"' in metrics
    assert 'route="/tenders/{tender_id}"' not in metrics
