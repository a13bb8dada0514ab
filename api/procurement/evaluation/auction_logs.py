"""The log of a reverse auction as a file, "kerben-auction/1": from it anybody replays the result.

What was announced and every price are linked: the hash of an entry is the SHA-256 of the format and
"entry", a line feed, the hash before it in hexadecimal, a line feed, and the entry without its hash
as RFC 8785 JSON. Before the first entry stands the hash of what was announced. `head_sha256` is the
last one; the evaluation file of the lot names it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.procurement.evaluation.recomputing import Finding, What
from api.procurement.sealing import canonical
from api.procurement.sealing.documents import Instant, Sha256, instant
from api.rules import auction as rules
from api.rules.auction import AuctionStatus, Price, Refused, Standing, Terms
from api.rules.offers import plain

FORMAT = "kerben-auction/1"
Amount = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,13})(\.[0-9]{0,5}[1-9])?$", examples=["6180000"])
]
_FORM = ConfigDict(extra="forbid")


class LogEntry(BaseModel):
    """A bid went down to an amount, and when, by the database's clock."""

    model_config = _FORM

    number: int
    bid_id: str
    amount: Amount
    received_at: Instant
    hash: Sha256


class LogPlace(BaseModel):
    """Where a bid stands: 1 is the lowest price."""

    model_config = _FORM

    place: int
    bid_id: str
    amount: Amount


class AuctionLog(BaseModel):
    """All that the result of an auction follows from, and the result."""

    model_config = _FORM

    format: Literal["kerben-auction/1"]
    auction_id: str
    tender: str = Field(description="The OCID", examples=["ocds-kerben0-000001"])
    lot_id: str
    status: AuctionStatus
    currency: str = Field(examples=["KGS"])
    step_amount: Amount = Field(description="A bid goes at least so far below its own price")
    pause_seconds: int = Field(description="Time to answer that every price leaves the others")
    starts_at: Instant
    announced_end: Instant
    initial: dict[str, Amount] = Field(description="What each bid asked at the opening, by its id")
    prices: list[LogEntry] = Field(description="In the order in which they came")
    ends_at: Instant = Field(description="Where the prices have moved the end to")
    ranking: list[LogPlace]
    head_sha256: Sha256 = Field(description="The hash of the last entry")


_ANNOUNCED = (
    *("auction_id", "tender", "lot_id", "currency", "step_amount", "pause_seconds"),
    *("starts_at", "announced_end", "initial"),
)


def announced(
    terms: Terms, *, auction_id: str, tender: str, lot_id: str, currency: str
) -> dict[str, Any]:
    """What was announced, as the file says it."""
    return {
        "auction_id": auction_id,
        "tender": tender,
        "lot_id": lot_id,
        "currency": currency,
        "step_amount": plain(terms.step),
        "pause_seconds": int(terms.pause.total_seconds()),
        "starts_at": instant(terms.start),
        "announced_end": instant(terms.end),
        "initial": {bid: plain(amount) for bid, amount in terms.initial.items()},
    }


def entries(prices: Iterable[Price]) -> list[dict[str, Any]]:
    """The prices in their order, as the file says them, without hashes."""
    return [
        {
            "number": number,
            "bid_id": each.bid,
            "amount": plain(each.amount),
            "received_at": instant(each.at),
        }
        for number, each in enumerate(prices, start=1)
    ]


def hashes(terms: Mapping[str, Any], log: Sequence[Mapping[str, Any]]) -> list[str]:
    """The hash of what was announced, and then that of each entry."""
    found = [_sha256("terms", "", terms)]
    for entry in log:
        found.append(_sha256("entry", f"{found[-1]}\n", entry))
    return found


def document(
    terms: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
    standing: Standing,
    status: AuctionStatus,
) -> dict[str, Any]:
    """The file, of what `announced` and `entries` gave."""
    chain = hashes(terms, log)
    return {
        "format": FORMAT,
        **terms,
        "status": status.value,
        "prices": [{**entry, "hash": own} for entry, own in zip(log, chain[1:], strict=True)],
        "ends_at": instant(standing.end),
        "ranking": _ranking(standing),
        "head_sha256": chain[-1],
    }


def check(text: bytes, *, evaluation: bytes | None = None) -> list[Finding]:
    """Everything that is wrong with a file, in the order of reading; empty when it replays.

    `evaluation` is the evaluation file of the lot: it must name this log, and rank by its prices.
    """
    try:
        said = AuctionLog.model_validate(canonical.loads(text))
    except ValidationError as error:
        return [
            Finding(
                What.INVALID, "".join(["#", *(f"/{part}" for part in each["loc"])]), each["msg"]
            )
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ]
    except ValueError as error:
        return [Finding(What.UNREADABLE, "#", str(error))]
    found = [*_chained(said), *_replayed(said)]
    return found if evaluation is None else [*found, *_named(said, evaluation)]


def read(text: bytes) -> AuctionLog:
    """A file for which `check` found nothing."""
    return AuctionLog.model_validate(canonical.loads(text))


def _chained(said: AuctionLog) -> Iterator[Finding]:
    terms = said.model_dump(include={*_ANNOUNCED})
    log = [each.model_dump(exclude={"hash"}) for each in said.prices]
    for index, (each, expected) in enumerate(zip(said.prices, hashes(terms, log)[1:], strict=True)):
        if each.number != index + 1:
            yield Finding(What.CHANGED, f"#/prices/{index}/number", f"must be {index + 1}")
            return
        if each.hash != expected:
            told = f"is {each.hash}; of what stands before it, it would be {expected}"
            yield Finding(What.CHANGED, f"#/prices/{index}/hash", told)
            return
    head = hashes(terms, log)[-1]
    if said.head_sha256 != head:
        told = f"is {said.head_sha256}; of the log here it would be {head}"
        yield Finding(What.CHANGED, "#/head_sha256", told)


def _replayed(said: AuctionLog) -> Iterator[Finding]:
    terms = Terms(
        datetime.fromisoformat(said.starts_at),
        datetime.fromisoformat(said.announced_end),
        Decimal(said.step_amount),
        timedelta(seconds=said.pause_seconds),
        {bid: Decimal(amount) for bid, amount in said.initial.items()},
    )
    standing = rules.opened(terms)
    for index, each in enumerate(said.prices):
        price = Price(each.bid_id, Decimal(each.amount), datetime.fromisoformat(each.received_at))
        try:
            standing = rules.place(terms, standing, price)
        except Refused as refusal:
            told = f"cannot have counted: {refusal.code}: {refusal}"
            yield Finding(What.INVALID, f"#/prices/{index}", told)
            return
    if said.ends_at != instant(standing.end):
        told = f"is {said.ends_at}; replayed it is {instant(standing.end)}"
        yield Finding(What.CHANGED, "#/ends_at", told)
    if [each.model_dump() for each in said.ranking] != _ranking(standing):
        yield Finding(What.CHANGED, "#/ranking", "is not what the log gives")


def _named(said: AuctionLog, evaluation: bytes) -> Iterator[Finding]:
    try:
        inputs = canonical.loads(evaluation)["inputs"]
        lot, bids = inputs["lot"], {bid["id"]: bid["price"] for bid in inputs["bids"]}
        reference = lot.get("auction") or {}
        of, head = lot["lot"], reference.get("head_sha256")
        prices = {bid: (price["amount"], price["currency"]) for bid, price in bids.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield Finding(What.UNREADABLE, "evaluation#", f"is no evaluation file: {error}")
        return
    if of != said.lot_id or head != said.head_sha256:
        told = f"names {head} of {of}, not {said.head_sha256} of {said.lot_id}"
        yield Finding(What.OTHER_FILE, "evaluation#/inputs/lot/auction", told)
    for place in said.ranking:
        if place.bid_id in prices and prices[place.bid_id] != (place.amount, said.currency):
            told = f"asks {' '.join(prices[place.bid_id])}; the log says {place.amount}"
            yield Finding(What.CHANGED, f"evaluation#/inputs/bids/{place.bid_id}/price", told)


def _ranking(standing: Standing) -> list[dict[str, Any]]:
    return [
        {"place": place, "bid_id": bid, "amount": plain(amount)}
        for place, bid, amount in standing.ranking()
    ]


def _sha256(part: str, before: str, said: Mapping[str, Any]) -> str:
    text = f"{FORMAT} {part}\n{before}".encode() + canonical.dumps(dict(said))
    return hashlib.sha256(text).hexdigest()
