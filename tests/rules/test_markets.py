"""What goods need in a market: the longest prefix decides, and days decide what counts."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import markets
from api.rules.markets import (
    Goods,
    MissingReason,
    Permission,
    PermissionStanding,
    PermissionStatus,
    Requirement,
    RequirementKind,
    Shown,
)

TODAY = date(2026, 11, 28)
DAY = timedelta(days=1)
HONEY = "040900"


def needs(code: str, kind: RequirementKind, *accepted: str, **changed: Any) -> Requirement:
    values: dict[str, Any] = {
        "code": code,
        "kind": kind,
        "hs_prefix": "04",
        "required": True,
        "blocking": True,
        "accepted": accepted,
        "texts": {"en": code},
        "source": "test",
        "reviewed": True,
        "valid_from": date(2020, 1, 1),
        **changed,
    }
    return Requirement(**values)


GACC = needs("gacc", RequirementKind.PERMISSION, "GACC")
ORIGIN = needs("origin", RequirementKind.CERTIFICATE, "CT-1", "FORM_A", hs_prefix="")
ZH = needs("name_zh", RequirementKind.LANGUAGE, "zh", hs_prefix="")
LABEL = needs("label", RequirementKind.LABEL, "zh")


def goods(**changed: Any) -> Goods:
    values: dict[str, Any] = {
        "hs_code": HONEY,
        "languages": {"ru": "source"},
        "labels": frozenset(),
        "certificates": (),
        "permissions": (),
        **changed,
    }
    return Goods(**values)


def allowed(**changed: Any) -> Permission:
    values: dict[str, Any] = {
        "authority": "GACC",
        "hs_codes": ["0409"],
        "status": PermissionStatus.VERIFIED,
        "valid_from": TODAY,
        "valid_to": TODAY,
        **changed,
    }
    return Permission(**values)


def told(found: Goods, *rows: Requirement, on: date = TODAY) -> dict[str, MissingReason | None]:
    """By code of requirement: why it is not met."""
    answer = markets.readiness(found, rows, on)
    return {each.requirement.code: each.reason for each in (*answer.missing, *answer.met)}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"hs_codes": ["04"]}, None),
        ({"hs_codes": ["0401"]}, MissingReason.ABSENT),
        ({"authority": "KG_VET"}, MissingReason.ABSENT),
        ({"status": PermissionStatus.CLAIMED}, MissingReason.UNVERIFIED),
        ({"status": PermissionStatus.REFUSED}, MissingReason.ABSENT),
        ({"status": PermissionStatus.WITHDRAWN}, MissingReason.ABSENT),
        ({"valid_from": TODAY - DAY, "valid_to": TODAY - DAY}, MissingReason.LAPSED),
        ({"valid_from": TODAY + DAY, "valid_to": TODAY + DAY}, MissingReason.NOT_YET),
    ],
)
def test_a_permission_counts_only_if_verified_in_force_and_for_these_goods(
    changed: dict[str, Any], reason: MissingReason | None
) -> None:
    assert told(goods(permissions=[allowed(**changed)]), GACC)["gacc"] is reason


def test_one_permission_in_force_is_enough_and_the_longest_tells_until_when() -> None:
    shown = [
        allowed(status=PermissionStatus.CLAIMED, valid_to=TODAY + 90 * DAY),
        allowed(valid_to=TODAY + 3 * DAY),
        allowed(valid_to=TODAY + 9 * DAY),
        allowed(valid_from=TODAY - 9 * DAY, valid_to=TODAY - DAY),
    ]

    answer = markets.readiness(goods(permissions=shown), [GACC], TODAY)

    assert answer.ready
    assert answer.until == TODAY + 9 * DAY


def test_what_does_not_block_ends_nothing_when_it_runs_out() -> None:
    shown = goods(
        permissions=[allowed(valid_to=TODAY + 9 * DAY)],
        certificates=[Shown("CT-1", True, None, TODAY)],
    )

    answer = markets.readiness(shown, [GACC, replace(ORIGIN, blocking=False)], TODAY)

    assert (answer.missing, answer.until) == ((), TODAY + 9 * DAY)


def test_a_heading_is_freed_of_what_its_chapter_needs() -> None:
    free = replace(GACC, hs_prefix="0409", required=False)

    assert "gacc" not in told(goods(), GACC, free)
    assert told(goods(hs_code="040210"), GACC, free)["gacc"] is MissingReason.ABSENT
    assert "gacc" not in told(goods(hs_code="940320"), GACC, free)


def test_a_row_counts_from_its_first_day_until_the_day_before_its_last() -> None:
    row = replace(GACC, valid_from=TODAY, valid_to=TODAY + DAY)

    assert "gacc" in told(goods(), row)
    assert "gacc" not in told(goods(), row, on=TODAY - DAY)
    assert "gacc" not in told(goods(), row, on=TODAY + DAY)


def test_of_two_rows_in_force_the_newer_decides() -> None:
    newer = replace(GACC, required=False, valid_from=date(2026, 6, 1))

    assert "gacc" in told(goods(), newer, GACC, on=date(2026, 5, 31))
    assert "gacc" not in told(goods(), newer, GACC)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (Shown("CT-1", True, None, None), None),
        (Shown("FORM_A", True, TODAY, TODAY), None),
        (Shown("ISO9001", True, None, None), MissingReason.ABSENT),
        (Shown("CT-1", False, None, None), MissingReason.UNVERIFIED),
        (Shown("CT-1", True, None, TODAY - DAY), MissingReason.LAPSED),
        (Shown("CT-1", True, TODAY + DAY, None), MissingReason.NOT_YET),
    ],
)
def test_a_certificate_counts_only_if_verified_and_in_its_days(
    shown: Shown, reason: MissingReason | None
) -> None:
    assert told(goods(certificates=[shown]), ORIGIN)["origin"] is reason


def test_a_name_that_a_machine_made_is_none_yet() -> None:
    assert told(goods(), ZH)["name_zh"] is MissingReason.ABSENT
    assert told(goods(languages={"zh": "machine"}), ZH)["name_zh"] is MissingReason.MACHINE_MADE
    assert told(goods(languages={"zh": "human"}), ZH)["name_zh"] is None


def test_a_label_is_in_one_of_the_languages() -> None:
    assert told(goods(labels=frozenset({"ru"})), LABEL)["label"] is MissingReason.ABSENT
    assert told(goods(labels=frozenset({"ru", "zh"})), LABEL)["label"] is None


def test_nothing_meets_a_prohibition() -> None:
    row = needs("waste", RequirementKind.PROHIBITED)
    shown = goods(permissions=[allowed()], labels=frozenset({"zh"}), languages={"zh": "human"})

    answer = markets.readiness(shown, [row], TODAY)

    assert not answer.ready
    assert [each.reason for each in answer.missing] == [MissingReason.PROHIBITED]


def test_goods_without_a_customs_code_are_never_ready() -> None:
    answer = markets.readiness(goods(hs_code=None, permissions=[allowed()]), [GACC], TODAY)

    assert not answer.ready
    assert [each.requirement.code for each in answer.missing] == ["hs_code"]


def test_what_does_not_block_is_told_all_the_same() -> None:
    answer = markets.readiness(goods(), [replace(ORIGIN, blocking=False)], TODAY)

    assert answer.ready
    assert [each.requirement.code for each in answer.missing] == ["origin"]


days = st.integers(-3, 3).map(lambda n: TODAY + n * DAY)


@given(st.sampled_from(PermissionStatus), days, days, days)
def test_a_permission_is_in_force_just_on_its_days_and_only_if_verified(
    status: PermissionStatus, start: date, end: date, today: date
) -> None:
    worth = markets.standing(status, start, end, today)

    in_days = start <= today <= end
    assert (worth is PermissionStanding.IN_FORCE) == (
        in_days and status is PermissionStatus.VERIFIED
    )


@given(st.permutations([GACC, replace(GACC, hs_prefix="0409", required=False), ORIGIN, ZH, LABEL]))
def test_the_order_of_the_rows_changes_nothing(rows: list[Requirement]) -> None:
    shown = goods(permissions=[allowed()])

    assert markets.readiness(shown, rows, TODAY) == markets.readiness(
        shown, sorted(rows, key=repr), TODAY
    )


def test_every_reason_is_told_in_four_languages() -> None:
    for reason in MissingReason:
        assert markets.REASONS[reason].keys() == {"ky", "ru", "en", "zh"}
