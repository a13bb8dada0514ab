"""What of a public process is not told: the fields of releases that its policy withholds. Pure.

A release is masked once, before it is validated, and says what was withheld in the form of OCDS's
extension for withheld information. Who may not be named must not be found by another way either:
with the tenderers go their entries among the parties and in the awards that were refused to them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

type Json = dict[str, Any]


class ReleaseField(StrEnum):
    """A field that may be withheld, by its path in a release; lists are passed through."""

    TENDER_VALUE = "tender/value"
    LOT_VALUE = "tender/lots/value"
    STREET_ADDRESS = "tender/items/deliveryAddress/streetAddress"
    DOCUMENTS = "tender/documents"
    ENQUIRIES = "tender/enquiries"
    SUBMISSIONS = "submissions"
    BIDS = "bids"
    TENDERERS = "bids/details/tenderers"
    BID_DOCUMENTS = "bids/details/documents"
    RESPONSES = "bids/details/requirementResponses"
    IMPLEMENTATION = "contracts/implementation"


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that is not published, and why."""

    field: ReleaseField
    rationale: str


BIDDERS = frozenset({ReleaseField.BIDS, ReleaseField.TENDERERS})
"""With one of them withheld, nobody is told who has bid without success."""
OF_BIDS = BIDDERS | {ReleaseField.BID_DOCUMENTS, ReleaseField.RESPONSES}
_WITH: Mapping[ReleaseField, tuple[str, ...]] = {
    ReleaseField.TENDER_VALUE: ("tender/techniques/frameworkAgreement/value",),
    ReleaseField.ENQUIRIES: ("tender/hasEnquiries",),
    ReleaseField.SUBMISSIONS: ("qualifications", "complaints/relatedQualification"),
    ReleaseField.BIDS: ("awards/relatedBid",),
}
"""What would tell of the field, or name what is not there."""
_ROLES: Mapping[ReleaseField, tuple[str, ...]] = {
    ReleaseField.SUBMISSIONS: ("interestedParty",),
    ReleaseField.BIDS: ("tenderer",),
    ReleaseField.TENDERERS: ("tenderer",),
    ReleaseField.IMPLEMENTATION: ("payer", "payee"),
}
_RIVALS = frozenset({"tenderer", "interestedParty"})
"""Roles of who has won nothing."""
_PAGE: Mapping[ReleaseField, str] = {
    ReleaseField.TENDER_VALUE: "value",
    ReleaseField.LOT_VALUE: "lots/value",
    ReleaseField.STREET_ADDRESS: "lots/delivery_address",
    ReleaseField.ENQUIRIES: "enquiries",
}
"""Where the public page of a tender has the same."""


def masked(release: Json, withheld: Sequence[Withheld]) -> Json:
    """The release without what is withheld, of which it says so, whether or not there was any."""
    if not withheld:
        return release
    fields = frozenset(each.field for each in withheld)
    shown: Any = release
    for field in fields:
        for path in (field.value, *_WITH.get(field, ())):
            shown = _without(shown, path.split("/"))
    shown = _unnamed_parties(shown, fields)
    told = [
        {"id": each.field.value, "field": each.field.value, "rationale": each.rationale}
        for each in withheld
    ]
    return {**shown, "withheldInformation": told}


def masked_page(page: Json, withheld: Sequence[Withheld]) -> Json:
    """The public page of a tender, with null or an empty list for what its releases withhold."""
    shown: Any = page
    for each in withheld:
        if each.field in _PAGE:
            shown = _blank(shown, _PAGE[each.field].split("/"))
    return {**shown}


def withholds(withheld: Sequence[Withheld], fields: Collection[ReleaseField]) -> bool:
    """Whether any of the fields is withheld."""
    return any(each.field in fields for each in withheld)


def _unnamed_parties(release: Json, fields: Collection[ReleaseField]) -> Json:
    hidden = {role for field in fields for role in _ROLES.get(field, ())}
    if not hidden:
        return release
    rivals = {
        each["id"]
        for each in release["parties"]
        if "tenderer" in hidden & {*each["roles"]} and _RIVALS >= {*each["roles"]}
    }
    parties = [
        {**each, "roles": roles}
        for each in release["parties"]
        if (roles := [role for role in each["roles"] if role not in hidden])
    ]
    shown = {**release, "parties": parties}
    for name in ("awards", "contracts"):
        if name in shown:
            shown[name] = _unnamed(shown[name], rivals)
    return _less_awards(shown) if ReleaseField.BIDS in fields else shown


def _less_awards(release: Json) -> Json:
    """Without the awards that were refused: each is a bid. Their tag goes with the last of them."""
    kept = [each for each in release.get("awards", ()) if "suppliers" in each]
    if kept or "awards" not in release:
        return release | ({"awards": kept} if kept else {})
    tags = [tag for tag in release["tag"] if not tag.startswith("award")] or ["tenderUpdate"]
    return {name: value for name, value in release.items() if name != "awards"} | {"tag": tags}


def _unnamed(value: Any, parties: Collection[str]) -> Any:
    """Without references to the parties, and without lists that only they were in."""
    if isinstance(value, list):
        return [_unnamed(each, parties) for each in value if not _names(each, parties)]
    if not isinstance(value, dict):
        return value
    kept = {
        name: _unnamed(inner, parties)
        for name, inner in value.items()
        if not _names(inner, parties)
    }
    return {name: inner for name, inner in kept.items() if inner != [] or value[name] == []}


def _names(value: Any, parties: Collection[str]) -> bool:
    return isinstance(value, dict) and value.get("id") in parties


def _without(value: Any, path: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_without(each, path) for each in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {name: inner for name, inner in value.items() if name != path[0]}
    return {**value, path[0]: _without(value[path[0]], path[1:])}


def _blank(value: Any, path: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_blank(each, path) for each in value]
    inner = value[path[0]]
    if len(path) == 1:
        return {**value, path[0]: [] if isinstance(inner, list) else None}
    return {**value, path[0]: _blank(inner, path[1:])}
