"""Schemathesis sends what the OpenAPI document allows and forbids, and checks every answer.

It runs in this process, on the real database, with the credentials of each role, from a fixed
seed. The first test, with every scope, meets each boundary of each parameter and body; the
second repeats a few requests of each operation as one role alone.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.meta import TestPhase
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlmodel import Session

from api.main import create_app
from tests.contract import resources
from tests.contract.resources import Staged

type AsOrg = Callable[..., Any]

# Threads of the service draw random numbers (jitter of a pool) while a strategy is drawn from.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
APP = create_app()
AN_ID = re.compile(r"\^([a-z_]+)_\[0-9a-f\]\{32\}\$")
ROLES = ("operator", "buyer", "supplier")
REFUSED = ["400", "401", "403", "406", "415", "422", "428"]
"""Schemathesis does not know that 428 (RFC 6585) is the answer to a missing If-Match."""
BEYOND_A_SCHEMA = [positive_data_acceptance]
"""No JSON Schema says that a cursor is signed, a code is known or a check digit right."""


@schemathesis.serializer(
    "application/x-ndjson",
    "application/zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
def file(_: Any, value: Any) -> bytes:
    """A file of one line, which is no workbook; schemathesis knows neither kind."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def document(max_examples: int, *, coverage: bool) -> Any:
    """The document of the routes, with how much is generated from it."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {
                "deterministic": True,
                "database": "none",
                "max-examples": max_examples,
            },
            "phases": {"coverage": {"enabled": coverage}, "stateful": {"enabled": False}},
            "suppress-health-check": ["all"],
            "checks": {"missing_required_header": {"expected-statuses": REFUSED}},
        }
    )
    loaded = schemathesis.openapi.from_dict(APP.openapi(), config=config)
    loaded.app = APP
    return loaded


@pytest.fixture(scope="module", autouse=True)
def _shut_down() -> Iterator[None]:
    yield
    asgi.shutdown_lifespans()


def kinds(label: str) -> tuple[str, ...]:
    """The kinds of resources that the path of an operation names."""
    method, _, path = label.partition(" ")
    told = APP.openapi()["paths"][path][method.lower()].get("parameters", [])
    found = (AN_ID.search(each["schema"].get("pattern", "")) for each in told)
    return tuple(sorted({match[1] for match in found if match is not None}))


def check(case: Any, found: Staged) -> None:
    """Aim a well-formed id at a resource that is there, send, and check the answer."""
    for name, given in (case.path_parameters or {}).items():
        if isinstance(given, str) and (kind := given.rpartition("_")[0]) in found.ids:
            case.path_parameters[name] = found.ids[kind]
    case.call_and_validate(
        headers={"Authorization": f"Bearer {found.actor.key}"}, excluded_checks=BEYOND_A_SCHEMA
    )


load_all_checks()


def kind(case: Any) -> tuple[object, ...] | None:
    """What a case of the coverage phase tries, apart from the value it tries it with: one wrong
    type of a field, or one string too long for it, tells what five of them would. None for a case
    that was generated freely, which repeats nothing."""
    if case.meta is None or case.meta.phase.name is not TestPhase.COVERAGE:
        return None
    tried = case.meta.phase.data
    mode = case.meta.generation.mode
    return tried.description, tried.parameter, tried.parameter_location, mode


def operations(schema: Any) -> dict[str, Any]:
    """The operations of a document by their label, for example `GET /v1/tenders`."""
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


THOROUGHLY = operations(document(2, coverage=True))
BRIEFLY = operations(document(1, coverage=False))


def run(operation: Any, test: Callable[..., None]) -> None:
    """What schemathesis's `parametrize` makes of an operation, made when its turn has come: the
    cases of all operations take a minute, which every process of a run would spend."""
    build_operation_test(
        config=operation.schema.config,
        operation=operation,
        test_func=test,
        given_kwargs={},
        feedback=FeedbackSources(),
    )()


@pytest.mark.parametrize("label", sorted(THOROUGHLY))
def test_every_answer_is_documented(label: str, session: Session, as_org: AsOrg) -> None:
    found = resources.staged(session, as_org, resources.EVERY_ROLE, kinds(label))
    sent: set[tuple[object, ...]] = set()

    def every_case(case: Any) -> None:
        if (tried := kind(case)) in sent:
            return
        if tried is not None:
            sent.add(tried)
        check(case, found)

    run(THOROUGHLY[label], every_case)


@pytest.mark.parametrize("label", sorted(BRIEFLY))
def test_every_answer_to_one_role_is_documented(
    label: str, session: Session, as_org: AsOrg
) -> None:
    role = ROLES[crc32(label.encode()) % len(ROLES)]
    found = resources.staged(session, as_org, (role,), kinds(label))

    def every_case(case: Any) -> None:
        check(case, found)

    run(BRIEFLY[label], every_case)
