"""On which days an entry of the register counts."""

from datetime import date, timedelta

import pytest

from api.rules.debarments import DEBARMENT, DebarmentStatus, counts_on
from api.rules.states import IllegalTransition

_S = DebarmentStatus
DAY = date(2027, 3, 10)


@pytest.mark.parametrize(
    ("offset", "lifted", "counts"),
    [
        (-1, None, False),
        (0, None, True),
        (5, None, True),
        (6, None, False),
        (2, 3, True),
        (3, 3, False),
        (0, 0, False),
    ],
)
def test_an_entry_counts_on_its_days_the_last_included_until_it_is_lifted(
    offset: int, lifted: int | None, counts: bool
) -> None:
    found = counts_on(
        DAY + timedelta(days=offset),
        status=_S.ACTIVE if lifted is None else _S.LIFTED,
        valid_from=DAY,
        valid_through=DAY + timedelta(days=5),
        lifted_on=None if lifted is None else DAY + timedelta(days=lifted),
    )
    assert found is counts


@pytest.mark.parametrize("status", [_S.PROPOSED, _S.REJECTED])
def test_what_was_not_decided_or_was_rejected_never_counts(status: DebarmentStatus) -> None:
    assert not counts_on(DAY, status=status, valid_from=DAY, valid_through=DAY, lifted_on=None)


@pytest.mark.parametrize("status", list(_S))
@pytest.mark.parametrize("action", ["confirm", "reject", "lift"])
def test_every_action_is_legal_from_one_state_only(status: DebarmentStatus, action: str) -> None:
    legal = {
        ("confirm", _S.PROPOSED): _S.ACTIVE,
        ("reject", _S.PROPOSED): _S.REJECTED,
        ("lift", _S.ACTIVE): _S.LIFTED,
    }
    if (action, status) in legal:
        assert DEBARMENT.apply(action, status) is legal[action, status]
    else:
        with pytest.raises(IllegalTransition):
            DEBARMENT.apply(action, status)
