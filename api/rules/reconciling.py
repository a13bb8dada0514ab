"""What a provider says and what the ledger says of the same money: which belongs to which.

A line of a provider and an entry of a clearing account are compared by what identifies them before
they are compared by amount and day, and what could belong to several is left to people: a wrong
match hides two errors. An amount is positive when money comes in; a line's fee is what the provider
kept of it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from api.rules.ledger import AccountKind

CLEARING = (AccountKind.BANK_CLEARING, AccountKind.STRIPE_CLEARING)
"""The accounts that mirror what a provider keeps for the platform."""
WINDOW = timedelta(days=3)
"""How far apart the days of a line and an entry may be that nothing but their amount connects."""
NOTHING = Decimal(0)


class MatchRule(StrEnum):
    """Why a line and an entry were taken for the same money."""

    EXTERNAL_ID = "external_id"
    REFERENCE = "reference"
    AMOUNT = "amount"
    DAY_TOTAL = "day_total"
    FEE = "fee"
    MANUAL = "manual"
    WRITE_OFF = "write_off"


class Age(StrEnum):
    """For how many days something has waited for its match."""

    FRESH = "0-1"
    WEEK = "2-7"
    MONTH = "8-30"
    OLD = ">30"


@dataclass(frozen=True, slots=True)
class Item:
    """A line, or an entry, which has no fee."""

    id: UUID
    external_id: str | None
    reference: str | None
    amount: Decimal
    day: date
    fee: Decimal = NOTHING

    @property
    def net(self) -> Decimal:
        """By what the provider's balance changed."""
        return self.amount - self.fee


@dataclass(frozen=True, slots=True)
class Match:
    """Lines and entries that are the same money, and the fee that the ledger does not know yet."""

    rule: MatchRule
    lines: tuple[UUID, ...]
    entries: tuple[UUID, ...]
    fee: Decimal = NOTHING


type _Key = Callable[[Item], str | None]
_EXTERNAL, _REFERENCE = attrgetter("external_id"), attrgetter("reference")
_KEYS: tuple[tuple[MatchRule, _Key, _Key], ...] = (
    (MatchRule.EXTERNAL_ID, _EXTERNAL, _EXTERNAL),
    (MatchRule.REFERENCE, _REFERENCE, _REFERENCE),
    (MatchRule.REFERENCE, _EXTERNAL, _REFERENCE),
    (MatchRule.REFERENCE, _REFERENCE, _EXTERNAL),
)


def match(lines: Iterable[Item], entries: Iterable[Item]) -> list[Match]:
    """The matches among lines and entries of one clearing account in one currency.

    All that share an external id, or else a reference, are matched when their sums are equal: one
    line with several entries, or the reverse, too. The sum of the lines is net of fees, or gross:
    then the fee is still to be booked. Of the rest, entries without external id and reference are
    matched with lines that name nothing the ledger knows, when amount and day (`WINDOW`) fit only
    each other; then the totals of days. A line that is but a fee matches nothing.
    """
    open_lines = {each.id: each for each in lines}
    open_entries = {each.id: each for each in entries}
    known = {key for e in open_entries.values() for key in (e.external_id, e.reference) if key}
    found: list[Match] = []

    def take(each: Match) -> None:
        found.append(each)
        for line in each.lines:
            del open_lines[line]
        for entry in each.entries:
            del open_entries[entry]

    for rule, of_line, of_entry in _KEYS:
        theirs, ours = _by(open_lines.values(), of_line), _by(open_entries.values(), of_entry)
        for key in theirs.keys() & ours.keys():
            fee = fee_of(theirs[key], ours[key])
            if fee is not None:
                take(Match(rule, _ids(theirs[key]), _ids(ours[key]), fee))

    def nameless() -> tuple[list[Item], list[Item]]:
        return (
            [e for e in open_lines.values() if not {e.external_id, e.reference} & known],
            [e for e in open_entries.values() if not (e.external_id or e.reference)],
        )

    for rule, of_lines, of_entries in (
        (MatchRule.AMOUNT, _alone, _alone),
        (MatchRule.DAY_TOTAL, _days, _alone),
        (MatchRule.DAY_TOTAL, _alone, _days),
    ):
        nameless_lines, nameless_entries = nameless()
        for one, other in _pairs(of_lines(nameless_lines), of_entries(nameless_entries)):
            fee = fee_of(one, other)
            assert fee is not None
            take(Match(rule, _ids(one), _ids(other), fee))
    for line in [e for e in open_lines.values() if not e.amount and e.fee]:
        if not {line.external_id, line.reference} & known:
            take(Match(MatchRule.FEE, (line.id,), (), line.fee))
    return found


def age(days: int) -> Age:
    """In which column of an ageing list something of so many days stands."""
    if days <= 1:
        return Age.FRESH
    if days <= 7:
        return Age.WEEK
    return Age.MONTH if days <= 30 else Age.OLD


def fee_of(lines: Sequence[Item], entries: Sequence[Item]) -> Decimal | None:
    """The fee that the entries lack; None when their sum is neither net nor gross."""
    total = sum((each.amount for each in entries), NOTHING)
    if sum((each.net for each in lines), NOTHING) == total:
        return NOTHING
    if sum((each.amount for each in lines), NOTHING) == total:
        return sum((each.fee for each in lines), NOTHING)
    return None


def _by(items: Iterable[Item], key: _Key) -> dict[str, list[Item]]:
    groups: defaultdict[str, list[Item]] = defaultdict(list)
    for each in items:
        if (value := key(each)) is not None:
            groups[value].append(each)
    return groups


def _alone(items: Iterable[Item]) -> list[list[Item]]:
    return [[each] for each in items]


def _days(items: Iterable[Item]) -> list[list[Item]]:
    groups: defaultdict[date, list[Item]] = defaultdict(list)
    for each in items:
        groups[each.day].append(each)
    return [group for group in groups.values() if len(group) > 1]


def _pairs(
    ones: Sequence[list[Item]], others: Sequence[list[Item]]
) -> Iterator[tuple[list[Item], list[Item]]]:
    """Groups that fit each other, and nothing else."""
    by_amount: defaultdict[Decimal, list[int]] = defaultdict(list)
    for n, group in enumerate(others):
        by_amount[sum((each.amount for each in group), NOTHING)].append(n)
    fits: list[tuple[int, int]] = []
    for n, group in enumerate(ones):
        net, gross = (
            sum((value(each) for each in group), NOTHING)
            for value in (attrgetter("net"), attrgetter("amount"))
        )
        for candidate in {*by_amount.get(net, ()), *by_amount.get(gross, ())}:
            if abs(others[candidate][0].day - group[0].day) <= WINDOW:
                fits.append((n, candidate))
    of_one, of_other = Counter(n for n, _ in fits), Counter(n for _, n in fits)
    for n, candidate in fits:
        if of_one[n] == of_other[candidate] == 1:
            yield ones[n], others[candidate]


def _ids(items: Iterable[Item]) -> tuple[UUID, ...]:
    return tuple(each.id for each in items)
