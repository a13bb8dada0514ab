"""The rules of a tender: chosen and frozen at publication, read from the tender ever after."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from api.core import db, ids
from api.core.errors import refused
from api.identity import regions
from api.identity import service as identity
from api.procurement.models import Tender
from api.procurement.service import terms
from api.procurement.service.problems import PolicyNotFrozen, ProcedureNotAllowed
from api.reference import calendars, policies
from api.reference import service as reference
from api.reference.models import PolicySet
from api.reference.policies import PolicyMissing
from api.rules import policy as rules
from api.rules import quick
from api.rules.clock import local_date
from api.rules.orders import PROCEDURE
from api.rules.periods import Timetable
from api.rules.policy import Policy
from api.rules.publication import Withheld
from api.rules.schedule import procedure_faults
from api.rules.tenders import ProcurementMethod, Value


class Ruled(Protocol):
    """What a policy set is frozen into: a tender, or an order without one."""

    @property
    def policy(self) -> dict[str, Any] | None: ...
    @property
    def accelerator(self) -> int: ...


def policy_of(ruled: Ruled) -> Policy:
    """The frozen rules of a published tender or of an order; PolicyNotFrozen for a draft."""
    return rules.parse(snapshot_of(ruled)["parameters"])


def withheld_of(ruled: Ruled) -> tuple[Withheld, ...]:
    """What the frozen rules keep from the public; nothing where no rules are frozen."""
    return () if ruled.policy is None else policy_of(ruled).withheld_information


def snapshot_of(ruled: Ruled) -> dict[str, Any]:
    """The frozen policy set as it is stored: parameters, sources, codes; PolicyNotFrozen."""
    if ruled.policy is None:
        raise PolicyNotFrozen
    return ruled.policy


def timetable_of(session: Session, ruled: Ruled) -> Timetable:
    """How frozen durations become instants, by the calendar as it is now.

    Its methods raise CalendarYearMissing.
    """
    calendar = calendars.work_calendar(session, policy_of(ruled).calendar)
    return Timetable(calendar, ruled.accelerator)


def stages_of(session: Session, tender: Tender) -> Timetable:
    """How the durations of a tender's procedure, up to its contract, become instants."""
    table = timetable_of(session, tender)
    return replace(table, accelerator=quick.pace(tender.accelerator, tender.quick))


def for_order(session: Session, *, buyer_id: UUID) -> tuple[UUID, dict[str, Any]]:
    """The set of terms that counts today for orders of a buyer: its id, and what is frozen of it.

    Whoever orders without a tender follows no law on procurement, so the regime is the generic one.
    Raises PolicyMissing.
    """
    country, _ = identity.buying_rules(session, buyer_id)
    found = policies.in_force(
        session,
        jurisdiction=country,
        regime=rules.ProcurementRegime.GENERIC,
        procedure=PROCEDURE,
        on=_today(session, country),
    )
    return found.id, _snapshot(found, regions.zone(session, found.parameters["calendar"]))


def set_in_force(session: Session, *, buyer_id: UUID, procedure: str) -> PolicySet:
    """The set of a procedure that the buyer follows today (in its zone). Raises PolicyMissing."""
    country, regime = identity.buying_rules(session, buyer_id)
    return policies.in_force(
        session,
        jurisdiction=country,
        regime=regime,
        procedure=procedure,
        on=_today(session, country),
    )


def method_of(session: Session, *, buyer_id: UUID, procedure: str) -> ProcurementMethod:
    """The OCDS method of a draft's procedure; Invalid when the buyer has no such procedure today."""
    try:
        method = policies.ocds_method_for(session, buyer_id=buyer_id, procedure=procedure)
    except PolicyMissing as problem:
        raise refused("#/procedure", "unknown_procedure", str(problem)) from problem
    return ProcurementMethod(method)


def freeze(session: Session, tender: Tender) -> Policy:
    """Freeze the set of today (in the buyer's zone) into the tender, and check what it says of the procedure.

    Raises PolicyMissing, ProcedureNotAllowed or RateUnknown.
    """
    found = set_in_force(session, buyer_id=tender.buyer_id, procedure=tender.procedure)
    zone = regions.zone(session, found.parameters["calendar"])
    tender.policy_set_id, tender.policy = found.id, _snapshot(found, zone)
    tender.zone = zone.key
    tender.procurement_method = ProcurementMethod(found.codes["ocds"])
    if tender.procurement_method_details is None:
        title = found.title
        tender.procurement_method_details = title.get(tender.language) or next(iter(title.values()))
    policy = policy_of(tender)
    value = _value(session, tender, policy, zone)
    faults = procedure_faults(
        policy,
        value=value,
        ground=tender.procurement_method_ground,
        auction_step_bp=tender.auction_step_bp,
    )
    if faults:
        raise ProcedureNotAllowed(errors=terms.field_errors(faults))
    return policy


def _today(session: Session, country: str) -> date:
    return local_date(db.now(session), regions.zone(session, country))


def _snapshot(found: PolicySet, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "time_zone": zone.key,
        "policy_set_id": ids.show("policy", found.id),
        "jurisdiction": found.jurisdiction,
        "regime": found.regime.value,
        "procedure": found.procedure,
        "valid_from": found.valid_from.isoformat(),
        "legal_source": found.legal_source,
        "title": found.title,
        "codes": found.codes,
        "schema_version": found.schema_version,
        "parameters": found.parameters,
        "sources": found.sources,
    }


def _value(session: Session, tender: Tender, policy: Policy, zone: ZoneInfo) -> Value | None:
    """The tender's value, or its lots' together, in the currency of the thresholds if there are."""
    threshold = policy.max_value or policy.min_value
    given = [tender.value] if tender.value else [lot.value for lot in tender.lots if lot.value]
    if threshold is None or not given:
        return None
    today = local_date(db.now(session), zone)
    amounts = (
        reference.convert(session, one.amount, one.currency, threshold.currency, today)
        for one in given
        if one is not None
    )
    return Value(sum(amounts, Decimal()), threshold.currency)
