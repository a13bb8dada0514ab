"""The shape in which the old Kyrgyz portal (zakupki.gov.kg) exported, as OCDS.

It is OCDS in outline, with members, codes and ids of its own. What has a place in OCDS or in the
`kerben` extension goes there; other members stay where they are. Ids of releases were made of the
day, so that two changes of one day had the same: the content's hash tells them apart.
"""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from api.opendata.importing import DATES, Malformed
from api.opendata.ocds.values import Json, number
from api.rules.clock import BISHKEK

CATEGORIES = {
    "product": "goods",
    "work": "works",
    "service": "services",
    "consultService": "services",
}
TENDER_STATUS = {
    **dict.fromkeys(("3", "4", "6", "8", "9", "10", "11", "12", "13", "15"), "active"),
    "5": "cancelled",
    "7": "complete",
    "14": "unsuccessful",
}
STATUS_DETAILS = {
    "3": "published",
    "4": "changed",
    "5": "cancelled",
    "6": "evaluationComplete",
    "7": "contractSigned",
    "8": "bidsOpened",
    "9": "autoProlonged",
    "10": "evaluationResultsPending",
    "11": "contractSignPending",
    "12": "firstPackagePending",
    "13": "secondPackageOpened",
    "14": "unsuccessful",
    "15": "firstPackageEvaluated",
}
AWARD_STATUS = {"rejected": "unsuccessful", "disqualified": "unsuccessful"}
COMPLAINT_STATUS = {
    "published": "pending",
    "active": "accepted",
    "cancelled": "mistaken",
    "withdrawn": "stopped",
}
"""`complete` may be declined, satisfied or resolved: it has no code."""
INCOTERMS = {"DAT": "DPU"}
AMOUNTS = frozenset({"amount", "initialAmount", "amountDiscounted"})


def normalised(release: Json) -> Json:
    """A release of the portal as OCDS. Raises importing.Malformed for what cannot be read."""
    changed: Json = _plain(deepcopy(release), "")
    if not isinstance(changed.get("tender"), dict):
        raise Malformed("tender_missing", "`tender` must be an object.")
    for party in _objects(changed, "parties"):
        legal = party.get("identifier") or {}
        if not party.get("name") and legal.get("legalName"):
            party["name"] = legal["legalName"]
    _tender(changed["tender"])
    bids = changed.get("bids")
    for bid in _objects(bids if isinstance(bids, dict) else {}, "details"):
        _bid(bid)
    for award in _objects(changed, "awards"):
        award["status"] = AWARD_STATUS.get(award.get("status", ""), award.get("status"))
    for complaint in _objects(changed, "complaints"):
        complaint["statusDetails"] = complaint.get("status")
        complaint["status"] = COMPLAINT_STATUS.get(str(complaint.get("status")))
    for contract in _objects(changed, "contracts"):
        _contract(contract)
    if changed.get("initiationType") is None:
        changed["initiationType"] = "tender"
    if isinstance(changed.get("id"), str):
        content = json.dumps(release, sort_keys=True).encode()
        changed["id"] = f"{changed['id']}-{hashlib.sha256(content).hexdigest()[:8]}"
    return changed


def _plain(value: Any, name: str) -> Any:
    """Ids as texts, amounts as numbers, instants with a zone, and `_kg` for Kyrgyz as `_ky`."""
    if isinstance(value, dict):
        return {
            (f"{key[:-3]}_ky" if key.endswith("_kg") else key): _plain(inner, key)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_plain(each, name) for each in value]
    if name == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name in AMOUNTS and isinstance(value, str):
        return _amount(value)
    if name in DATES and isinstance(value, str):
        return _instant(value)
    return value


def _amount(text: str) -> int | float:
    try:
        amount = Decimal(text.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", "."))
    except InvalidOperation as error:
        raise Malformed("amount_malformed", f"{text!r} is not an amount.") from error
    if not amount.is_finite():
        raise Malformed("amount_malformed", f"{text!r} is not an amount.")
    return number(amount)


def _instant(text: str) -> str:
    """The portal wrote local times without saying so."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed("date_malformed", f"{text!r} is not an instant.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=BISHKEK)).isoformat()


def _tender(tender: Json) -> None:
    code = str(tender.get("status"))
    if code in TENDER_STATUS:
        tender["status"] = TENDER_STATUS[code]
        tender.setdefault("statusDetails", STATUS_DETAILS[code])
    category = tender.get("mainProcurementCategory")
    tender["mainProcurementCategory"] = CATEGORIES.get(str(category), category)
    if not tender.get("title") and tender.get("tenderNumber"):
        tender["title"] = str(tender["tenderNumber"])
    for lot in _objects(tender, "lots"):
        if not lot.get("title") and lot.get("lotNumber"):
            lot["title"] = str(lot["lotNumber"])
        rule = lot.get("deliveryTerms")
        if isinstance(rule, str):
            term = {"incoterms": INCOTERMS.get(rule, rule)}
            place = lot.get("deliveryAddress")
            lot["deliveryTerms"] = [{**term, "place": place} if isinstance(place, str) else term]


def _bid(bid: Json) -> None:
    """A bid named its lots as objects that hold their prices."""
    related = bid.get("relatedLots")
    if not isinstance(related, list) or not all(isinstance(each, Mapping) for each in related):
        return
    bid["relatedLots"] = [str(each["id"]) for each in related if "id" in each]
    values = [each["value"] for each in related if isinstance(each.get("value"), Mapping)]
    currencies = {value.get("currency") for value in values}
    amounts = [value.get("amount") for value in values]
    if "value" not in bid and len(currencies) == 1 and None not in amounts:
        total = sum((Decimal(str(amount)) for amount in amounts), Decimal())
        bid["value"] = {"amount": number(total), "currency": currencies.pop()}


def _contract(contract: Json) -> None:
    """The price after the discount is the price; a contract may be under several awards."""
    awards = contract.get("awardIDs")
    if not contract.get("awardID") and isinstance(awards, list) and awards:
        contract["awardID"] = str(awards[0])
        contract["awardIDs"] = [str(each) for each in awards]
    value = contract.get("value")
    if isinstance(value, dict) and value.get("amountDiscounted") is not None:
        value["amount"] = value["amountDiscounted"]


def _objects(owner: Mapping[str, Any], name: str) -> list[Json]:
    found = owner.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
