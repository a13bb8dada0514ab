from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.delivery import tracking
from tests.delivery.tracking import Case


@pytest.fixture
def case(superuser: psycopg.Connection[Any], as_org: Callable[..., Any]) -> Case:
    """A shipment from Kashgar to Bishkek by Torugart."""
    return tracking.shipment(superuser, as_org(["buyer"]), as_org(["supplier"]))


@pytest.fixture
def awarded(superuser: psycopg.Connection[Any], case: Case) -> Case:
    """The same shipment, under the contract of a tender that was published: its days are watched."""
    tracking.under_a_tender(superuser, case)
    return case
