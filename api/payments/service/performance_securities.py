"""The securities of a contract: for its performance, and for an advance. Never commits."""

from datetime import datetime, time, timedelta
from uuid import UUID

from sqlmodel import Session

from api.contracts import queries
from api.contracts.bases import Basis
from api.contracts.models import Contract
from api.core import db
from api.core.errors import Conflict, NotFound
from api.payments.models import Security
from api.payments.schemas.securities import ContractSecurityIn
from api.payments.service import advances, securities, security_rails
from api.payments.service.security_problems import SecurityNotAsked
from api.procurement.models import Tender
from api.procurement.service import policies
from api.procurement.service import queries as tenders
from api.rules import securities as rules
from api.rules.clock import BISHKEK, local_date
from api.rules.contracts import ContractStatus
from api.rules.guarantees import GuaranteeKind
from api.rules.periods import Duration
from api.rules.tenders import Value

_OVER = (ContractStatus.TERMINATED, ContractStatus.CANCELLED)


def give(
    session: Session, *, org_id: UUID, contract_id: UUID, data: ContractSecurityIn, actor: str
) -> Security:
    """Give a security for a contract, as its supplier: of the amount that the contract says, or, for
    an advance, of what the payment schedule has guaranteed (without one, of the guarantee's amount).

    Raises NotFound, Conflict for a contract that is over, SecurityNotAsked, SecuritiesNotHeld,
    SecurityExists, RailUnfit, FileWithheld or Invalid.
    """
    contract = queries.of_party(session, org_id=org_id, contract_id=contract_id)
    if contract.supplier_id != org_id:
        raise NotFound
    if contract.status in _OVER:
        raise Conflict(f"The contract is {contract.status}.")
    if contract.tender_id is None:
        raise SecurityNotAsked("Nothing is secured here for the contract of an order.")
    tender = tenders.get(session, org_id=org_id, tender_id=contract.tender_id)
    terms = securities.terms_of(tender, data.kind)
    value = _asked(session, contract, data)
    end = _end(session, tender, terms.performance_return_duration)
    if data.kind in securities.PURPOSES:
        security_rails.require_fit(
            session,
            data.rail,
            purpose=securities.PURPOSES[data.kind],
            currency=value.currency,
            held_for=end - db.now(session),
        )
    return securities.give(
        session,
        tender,
        kind=data.kind,
        payer_id=org_id,
        value=value,
        until=local_date(end),
        data=data,
        actor=actor,
        needed_until=end,
        contract_id=contract.id,
    )


def may_come_into_force(session: Session, basis: Basis, contract: Contract) -> bool:
    """False while the rules of its basis want the performance security of a contract held, and it
    is not."""
    terms = policies.policy_of(basis).securities
    if terms is None or not terms.performance_required or contract.performance_security is None:
        return True
    return securities.held_for(session, contract.id, GuaranteeKind.PERFORMANCE)


def reschedule(session: Session, tender: Tender, security: Security) -> None:
    """Find out anew by when the security of a contract goes back; for the workers."""
    contract = session.get_one(Contract, security.contract_id)
    due = rules.contract_return(
        contract.status,
        contract.terminated_at or contract.cancelled_at,
        policies.timetable_of(session, tender),
        securities.terms_of(tender, security.kind).performance_return_duration,
    )
    if due is not None:
        securities.schedule(session, security, *due, actor=securities.SYSTEM)


def _asked(session: Session, contract: Contract, data: ContractSecurityIn) -> Value:
    if data.kind is GuaranteeKind.ADVANCE:
        if data.guarantee is None:
            raise security_rails.unfit(data.rail, "an advance is secured by a guarantee")
        amount = advances.needed(session, contract) or data.guarantee.amount
        return Value(amount, contract.value_currency)
    if contract.performance_security is None:
        raise SecurityNotAsked
    return Value(contract.performance_security, contract.value_currency)


def _end(session: Session, tender: Tender, after: Duration) -> datetime:
    """When the security would go back of a contract that is carried out to its last day."""
    last = max(lot.delivery_period_end for lot in tender.lots) + timedelta(days=1)
    start = datetime.combine(last, time.min, BISHKEK)
    return policies.timetable_of(session, tender).after(start, after)
