from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.core.ids import PublicId, parse, show
from tests.procurement import samples

ADAPTER = TypeAdapter(Annotated[UUID, PublicId("tender")])


@given(st.uuids())
def test_a_shown_id_reads_back(value: UUID) -> None:
    assert parse("tender", show("tender", value)) == value
    assert ADAPTER.validate_python(ADAPTER.dump_python(value)) == value


@given(st.text(max_size=60))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(text)


def test_the_id_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="must look like tender_"):
        parse("tender", show("offer", uuid4()))


def test_api_07_ids_grow_amounts_are_exact_and_deadlines_are_utc_with_their_zone(
    as_org: Callable[..., Any],
) -> None:
    buyer = as_org(["buyer"])
    worth = {"amount": "987654321012.345678", "currency": "KGS"}
    first, second = samples.drafted(buyer), samples.drafted(buyer, value=worth)
    assert first["id"] < second["id"]
    assert first["tender_period_end"].endswith("Z")
    assert first["time_zone"] == "Asia/Bishkek"
    assert second["value"] == worth
