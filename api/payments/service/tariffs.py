"""The commission of contracts: by the tariff of the day of signing, frozen for ever. Never commits."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from api.contracts.models import Contract
from api.core import audit, db
from api.core.errors import AlreadyExists, refused
from api.core.outbox import emit
from api.payments.models import CommissionTariff, ContractCommission
from api.payments.schemas.fees import CommissionTariffIn
from api.reference import locales
from api.rules import fees
from api.rules.clock import local_date
from api.rules.offers import plain


def add(
    session: Session, *, actor: str, org_id: UUID, data: CommissionTariffIn
) -> CommissionTariff:
    """Add a tariff for contracts that are signed from a day after today on.

    Raises Invalid for a day that has begun, because contracts were signed by what stood then, and
    AlreadyExists.
    """
    if data.valid_from <= local_date(db.now(session)):
        raise refused("#/valid_from", "in_past", "A tariff begins after today.")
    tariff = CommissionTariff(added_by=actor, **dict(data))
    try:
        with session.begin_nested():
            session.add(tariff)
    except IntegrityError as error:
        raise AlreadyExists("There is a tariff from this day on.") from error
    audit.record(
        session,
        f"commission_tariff:{tariff.id.hex}",
        "add",
        actor=actor,
        org_id=org_id,
        change=data.model_dump(mode="json"),
    )
    return tariff


def every(session: Session) -> Sequence[CommissionTariff]:
    """All tariffs, the latest first."""
    query = select(CommissionTariff).order_by(
        col(CommissionTariff.valid_from).desc(), col(CommissionTariff.id)
    )
    return session.exec(query).all()


def of_day(session: Session, day: date, currency: str) -> CommissionTariff | None:
    """The tariff of a day: in the currency rather than in any, the latest; None: nothing is asked."""
    query = (
        select(CommissionTariff)
        .where(
            CommissionTariff.valid_from <= day,
            or_(CommissionTariff.currency == currency, col(CommissionTariff.currency).is_(None)),
        )
        .order_by(col(CommissionTariff.currency).is_(None), col(CommissionTariff.valid_from).desc())
        .limit(1)
    )
    return session.exec(query).one_or_none()


def freeze(session: Session, contract_id: UUID) -> None:
    """Keep what the tariff of the day of signing asks of a contract; told again, nothing."""
    contract = session.get(Contract, contract_id)
    if contract is None or contract.signed_at is None or frozen(session, contract_id) is not None:
        return
    tariff = of_day(session, local_date(contract.signed_at), contract.value_currency)
    if tariff is None:
        return
    kept = ContractCommission(
        contract_id=contract.id,
        supplier_id=contract.supplier_id,
        tariff_id=tariff.id,
        rate_bp=tariff.rate_bp,
        minimum=tariff.minimum,
        maximum=tariff.maximum,
        contract_value=contract.value_amount,
        currency=contract.value_currency,
        frozen_at=db.now(session),
    )
    session.add(kept)
    session.flush()
    change = {"rate_bp": kept.rate_bp, "contract_value": plain(kept.contract_value)}
    stream = f"contract_commission:{kept.id.hex}"
    audit.record(
        session, stream, "freeze", actor="fees", org_id=contract.supplier_id, change=change
    )
    emit(
        session,
        "contract.commission_frozen",
        contract.id,
        org_id=contract.supplier_id,
        currency=kept.currency,
        rate_bp=kept.rate_bp,
        contract_value=plain(kept.contract_value),
    )


def frozen(session: Session, contract_id: UUID) -> ContractCommission | None:
    """What was frozen with a contract; None: nothing is asked."""
    query = select(ContractCommission).where(ContractCommission.contract_id == contract_id)
    return session.exec(query).one_or_none()


def of_payment(
    session: Session, contract: Contract, *, due: Decimal, paid: Decimal, taken: Decimal
) -> Decimal:
    """What is kept of a payment of `due` under a contract, of which `paid` was paid before and
    `taken` kept (rules.fees.of_payment)."""
    kept = frozen(session, contract.id)
    if kept is None or not due:
        return Decimal(0)
    places = locales.currencies()[kept.currency].minor_units
    return fees.of_payment(
        kept.terms, value=kept.contract_value, paid=paid, taken=taken, due=due, places=places
    )
