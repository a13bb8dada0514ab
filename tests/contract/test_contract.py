"""What the OpenAPI document promises, against the running service and a real database."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from api.main import create_app

APP = create_app()
CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"deterministic": True, "database": "none", "max-examples": 5},
        "suppress-health-check": ["all"],
    }
)
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP, config=CONFIG)


@pytest.fixture
def key(as_org: Callable[..., Any]) -> str:
    return as_org(["operator", "buyer", "supplier", "manufacturer"]).key


@SCHEMA.parametrize()
def test_contract(case: Any, key: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"})
