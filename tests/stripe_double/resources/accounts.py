"""Accounts of v2, their configurations and capabilities, and links to hosted onboarding."""

import copy
import secrets
from typing import Any

from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.world import World

Json = dict[str, Any]
NAME = "v2.core.account"
_EEA = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IS IT LV LI LT LU MT NL NO PL PT RO SK SI ES SE"
TRANSFERS = frozenset(f"US GB CA CH {_EEA}".split())
"""Where a platform may send transfers without Stripe's consent."""
BANK_ACCOUNTS = TRANSFERS | {"CN", "KZ"}
"""Where Global Payouts reach bank accounts: of its full list, the countries that matter here."""
_INCLUDED = ("defaults", "future_requirements", "identity", "requirements")
_CONFIGURATIONS = ("customer", "merchant", "recipient")
_DUE = (
    "identity.attestations.terms_of_service.account",
    "identity.business_details.registered_name",
)


@serves("v2.core.accounts.create")
def create(call: Call) -> Json:
    world, given = call.world, call.params
    configuration = given.get("configuration") or {}
    if "recipient" in configuration and not (given.get("identity") or {}).get("country"):
        raise invalid(
            "identity.country is required when a configuration is applied.",
            param="identity.country",
            code="parameter_missing",
        )
    if {"merchant", "recipient"} & {*configuration} and not given.get("contact_email"):
        raise invalid(
            "contact_email is required when a merchant or recipient is configured.",
            param="contact_email",
            code="parameter_missing",
        )
    account = world.new(
        NAME,
        "acct",
        applied_configurations=sorted(configuration),
        closed=False,
        configuration=dict.fromkeys(_CONFIGURATIONS),
        contact_email=given.get("contact_email"),
        contact_phone=given.get("contact_phone"),
        dashboard=given.get("dashboard"),
        defaults=_defaults(given.get("defaults") or {}),
        display_name=given.get("display_name"),
        identity=_identity(given.get("identity") or {}),
        metadata=given.get("metadata") or {},
        _onboarded=False,
        _rejected=None,
    )
    for name, values in configuration.items():
        account["configuration"][name] = {**copy.deepcopy(values), "applied": True}
    _judge(world, account)
    world.tell_v2("v2.core.account.created", account, _url(account))
    return _shown(account, given.get("include"))


def _defaults(given: Json) -> Json:
    wanted = given.get("responsibilities") or {}
    losses = wanted.get("losses_collector")
    responsibilities = {
        "fees_collector": wanted.get("fees_collector"),
        "losses_collector": losses,
        "requirements_collector": "application" if losses == "application" else "stripe",
    }
    empty = {"currency": None, "locales": None, "profile": None}
    return {**empty, **given, "responsibilities": responsibilities}


def _identity(given: Json) -> Json:
    shown = {name: None for name in ("attestations", "business_details", "individual")}
    shown |= {"country": None, "entity_type": None} | copy.deepcopy(given)
    if shown["country"]:
        shown["country"] = shown["country"].upper()
    for part in ("individual", "business_details"):
        if shown[part] and "id_numbers" in shown[part]:
            for number in shown[part]["id_numbers"]:
                del number["value"]
    return shown


def _judge(world: World, account: Json) -> None:
    """Work the status of each requested capability out anew; tell of what has changed."""
    country = (account["identity"] or {}).get("country")
    for name, settings in account["configuration"].items():
        if not settings:
            continue
        for path, held in _capabilities(settings):
            supported = BANK_ACCOUNTS if path.startswith("bank_accounts") else TRANSFERS
            status, details = _status(account, name != "recipient" or country in supported)
            before = held.get("status")
            held.pop("requested", None)
            held |= {"status": status, "status_details": details}
            if before and before != status:
                kind = f"{NAME}[configuration.{name}].capability_status_updated"
                world.tell_v2(kind, account, _url(account), {"updated_capability": path})
    settled = account["_onboarded"] or not account["applied_configurations"]
    summary = {"minimum_deadline": {"status": "currently_due", "time": None}}
    account["requirements"] = {
        "alternatives": [],
        "entries": [] if settled else [_entry(description) for description in _DUE],
        "summary": {"minimum_deadline": None} if settled else summary,
    }


def _status(account: Json, supported: bool) -> tuple[str, list[Json]]:
    if not supported:
        return "unsupported", [{"code": "unsupported_country", "resolution": "no_resolution"}]
    if account["_rejected"]:
        return "rejected", [{"code": account["_rejected"], "resolution": "contact_stripe"}]
    if account["_onboarded"]:
        return "active", []
    return "restricted", [{"code": "requirements_past_due", "resolution": "provide_info"}]


def _capabilities(settings: Json, path: str = "") -> list[tuple[str, Json]]:
    """The requested capabilities of a configuration, by their dotted names."""
    found = []
    for name, held in (settings if path else settings.get("capabilities") or {}).items():
        if isinstance(held, dict):
            at = f"{path}.{name}" if path else name
            requested = held.get("requested") or "status" in held
            found += [(at, held)] if requested else _capabilities(held, at)
    return found


def _entry(description: str) -> Json:
    return {
        "awaiting_action_from": "user",
        "description": description,
        "errors": [],
        "impact": {"restricts_capabilities": None},
        "minimum_deadline": {"status": "currently_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }


def capability(account: Json, path: str, configuration: str = "recipient") -> str | None:
    """The status of a capability, None where it was never requested."""
    held = dict(_capabilities(account["configuration"][configuration] or {}))
    return held[path]["status"] if path in held else None


def onboard(world: World, account: Json, *, rejected: str | None = None) -> None:
    """The account's owner has gone through hosted onboarding, and Stripe has decided."""
    account["_onboarded"], account["_rejected"] = rejected is None, rejected
    _judge(world, account)
    world.tell_v2(f"{NAME}[requirements].updated", account, _url(account))
    world.tell_v2(f"{NAME}.updated", account, _url(account))


def restrict(world: World, account: Json) -> None:
    """Stripe asks for more: capabilities are restricted again."""
    account["_onboarded"] = False
    _judge(world, account)
    world.tell_v2(f"{NAME}[requirements].updated", account, _url(account))


@serves("v2.core.accounts.retrieve")
def retrieve(call: Call) -> Json:
    return _shown(_open(call), call.params.get("include"))


@serves("v2.core.accounts.update")
def update(call: Call) -> Json:
    account, given = _open(call), call.params
    for name in ("contact_email", "contact_phone", "dashboard", "display_name"):
        if name in given:
            account[name] = given[name]
    account["metadata"] = {**account["metadata"], **(given.get("metadata") or {})}
    if "identity" in given:
        account["identity"] = _identity({**account["identity"], **given["identity"]})
    for name, values in (given.get("configuration") or {}).items():
        held = account["configuration"][name] or {}
        account["configuration"][name] = {**_deep(held, values), "applied": True}
        kind = f"{NAME}[configuration.{name}].updated"
        call.world.tell_v2(kind, account, _url(account))
    applied = [n for n in _CONFIGURATIONS if account["configuration"][n]]
    account["applied_configurations"] = applied
    _judge(call.world, account)
    call.world.tell_v2(f"{NAME}.updated", account, _url(account))
    return _shown(account, given.get("include"))


def _deep(held: Json, given: Json) -> Json:
    merged = copy.deepcopy(held)
    for name, value in given.items():
        inner = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _deep(merged[name], value) if inner else value
    return merged


@serves("v2.core.accounts.close")
def close(call: Call) -> Json:
    account = _open(call)
    account |= {"closed": True, "_onboarded": False}
    _judge(call.world, account)
    call.world.tell_v2(f"{NAME}.closed", account, _url(account))
    return _shown(account, ())


@serves("v2.core.accounts.list")
def list_(call: Call) -> Json:
    wanted = set(call.params.get("applied_configurations") or ())
    closed = call.params.get("closed", False)
    held = [
        _shown(each, ())
        for each in call.world.all(NAME)
        if wanted <= set(each["applied_configurations"]) and each["closed"] == closed
    ]
    return call.world.listed_v2(held, call.params, "/v2/core/accounts")


@serves("v2.core.account_links.create")
def link(call: Call) -> Json:
    account = call.world.find(NAME, call.params["account"], param="account")
    use = copy.deepcopy(call.params["use_case"])
    if use["type"] not in use:
        raise invalid(f"Missing required param: use_case[{use['type']}].", param="use_case")
    return {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": call.world.now_text(),
        "expires_at": call.world.now_text(300),
        "livemode": False,
        "url": f"https://accounts.stripe.com/r/{account['id']}#{secrets.token_hex(8)}",
        "use_case": use,
    }


def _open(call: Call) -> Json:
    try:
        return call.world.find(NAME, call.id)
    except StripeFault as problem:
        problem.error["code"] = "not_found"
        raise


def _shown(account: Json, include: Any) -> Json:
    """Without what was not asked for: those fields are null."""
    wanted = set(include or ())
    shown = {**account, **{name: None for name in _INCLUDED if name not in wanted}}
    parts = {f"configuration.{name}": name for name in _CONFIGURATIONS}
    asked = {n: account["configuration"][n] for p, n in parts.items() if p in wanted}
    none = dict.fromkeys(_CONFIGURATIONS)
    shown["configuration"] = {**none, **asked} if asked else None
    return shown


def _url(account: Json) -> str:
    return f"/v2/core/accounts/{account['id']}"
