"""Events of contracts, from the draft to the last delivery; both sides are told."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from api.rules.acceptance import AcceptanceStatus
from api.rules.claims import ClaimStatus, ExcuseStatus
from api.rules.contracts import ContractStatus
from api.rules.disputes import DisputeOutcome, DisputeStage
from api.rules.schedules import ContractualEvent, PerformanceEvent
from api.webhooks.catalogue.kinds import Data, Kind, Reference
from api.webhooks.catalogue.procurement import TENDER, TenderRef

CONTRACT = "019abf2e8c1d7c3fa9b04b4c6f0d2e14"
ROW = "019abf2e8c1d7c3fa9b04b4c6f0d2e15"
ContractRef = Annotated[UUID, Reference("contract")]
OrderRef = Annotated[UUID, Reference("purchaseorder")]
RowRef = Annotated[UUID, Reference("schedule_row")]


class OfBasisData(Data):
    """Of a contract: of a tender or, where `tender_id` is null, of an order. Until version 2 there
    were no orders."""

    version: ClassVar[int] = 2

    tender_id: TenderRef | None
    order_id: OrderRef | None = None


class ContractEventData(OfBasisData):
    """A contract that moved."""

    status: ContractStatus


class ContractChangedEventData(OfBasisData):
    """A change of a contract that both sides agreed."""

    number: int = Field(description="Of the change")


class ScheduleEventData(OfBasisData):
    """A delivery schedule that moved."""

    schedule: int = Field(description="Number of the schedule")


class PerformedEventData(OfBasisData):
    """A fact of performance."""

    row: RowRef
    event: PerformanceEvent | ContractualEvent


class ReplacementEventData(OfBasisData):
    """A row of the schedule by which rejected goods are replaced."""

    row: RowRef
    acceptance: int = Field(description="Number of the acceptance that rejected them")
    quantity: Decimal
    due_date: date


class OfContractData(OfBasisData):
    """Something of a contract."""

    contract_id: ContractRef


class DeliveryEventData(OfContractData):
    """A row of a schedule that is not performed in time."""

    schedule_row_id: RowRef
    due_date: date
    missing_quantity: Decimal


class AcceptanceEventData(OfContractData):
    """Goods presented for acceptance."""

    number: int
    status: AcceptanceStatus
    schedule_row_id: RowRef
    delivered_quantity: Decimal
    accepted_quantity: Decimal
    rejected_quantity: Decimal


class ExcuseEventData(OfContractData):
    """Days that are not to count as delay."""

    number: int
    status: ExcuseStatus


class LdClaimEventData(OfContractData):
    """A claim for liquidated damages."""

    number: int
    status: ClaimStatus
    amount: Decimal
    currency: str
    sha256: str = Field(description="Of the file of the computation")


class DisputeEventData(OfContractData):
    """A dispute about a contract."""

    number: int
    stage: DisputeStage
    outcome: DisputeOutcome | None


_OF_TENDER = {"tender_id": TENDER}
_OF_CONTRACT = {"contract_id": CONTRACT, "tender_id": TENDER}
_CONTRACT = {**_OF_TENDER, "status": ContractStatus.ACTIVE}
_SCHEDULE = Kind(
    "contract", "contract", "contracts:read", ScheduleEventData, {**_OF_TENDER, "schedule": 1}
)
_DELIVERY = {
    **_OF_CONTRACT,
    "schedule_row_id": ROW,
    "due_date": "2026-12-15",
    "missing_quantity": "40",
}
_PERFORMED = {**_OF_TENDER, "row": ROW, "event": PerformanceEvent.HANDED_OVER}
TYPES = (
    *Kind(
        "excuse",
        "excuse",
        "contracts:read",
        ExcuseEventData,
        {**_OF_CONTRACT, "number": 1, "status": ExcuseStatus.ACCEPTED},
    ).types(
        accepted="The buyer accepted an excuse: its days do not count as delay.",
        refused="The buyer refused an excuse.",
    ),
    *Kind("contract", "contract", "contracts:read", ContractEventData, _CONTRACT).types(
        created="A contract was drafted.",
        offered="A contract is offered for signature.",
        signed_by_one="One side has signed.",
        termination_proposed="The buyer proposes that both give the contract up.",
        termination_withdrawn="The buyer no longer proposes to give the contract up.",
        notice_given="The supplier has given notice: it may end the contract when that is over.",
        notice_withdrawn="The supplier has withdrawn its notice.",
        cancelled="A contract that was not yet signed fell.",
    ),
    *Kind(
        "contract", "contract", "contracts:read", ContractEventData, _CONTRACT, public=True
    ).types(
        signed="Both sides have signed: the contract is in force.",
        terminated="A contract in force ended.",
    ),
    *Kind(
        "contract",
        "contract",
        "contracts:read",
        ContractChangedEventData,
        {**_OF_TENDER, "number": 1},
        public=True,
    ).types(changed="Both sides agreed to a change."),
    *_SCHEDULE.types(
        schedule_proposed="A delivery schedule was proposed.",
        schedule_countered="A proposed schedule was answered with another.",
        schedule_agreed="A delivery schedule is agreed.",
        schedule_rejected="A proposed schedule was rejected.",
        schedule_withdrawn="A proposed schedule was withdrawn.",
    ),
    *Kind("contract", "contract", "contracts:read", PerformedEventData, _PERFORMED).types(
        performed="A row of the schedule was performed, in part or whole.",
        performance_retracted="A fact of performance was taken back.",
    ),
    *Kind(
        "contract",
        "contract",
        "contracts:read",
        ReplacementEventData,
        {
            **_OF_TENDER,
            "row": ROW,
            "acceptance": 1,
            "quantity": "2",
            "due_date": "2026-12-15",
        },
    ).types(
        replacement_ordered="Rejected goods are to be replaced: the schedule has a row for it."
    ),
    *Kind("delivery", "schedule_row", "contracts:read", DeliveryEventData, _DELIVERY).types(
        at_risk="A row of the schedule is not performed shortly before the end of its due day.",
        late="A row of the schedule is not performed after its due day.",
    ),
    *Kind(
        "acceptance",
        "acceptance",
        "contracts:read",
        AcceptanceEventData,
        {
            **_OF_CONTRACT,
            "number": 1,
            "status": AcceptanceStatus.FINAL,
            "schedule_row_id": ROW,
            "delivered_quantity": "40",
            "accepted_quantity": "38",
            "rejected_quantity": "2",
        },
    ).types(
        presented="Goods were presented for acceptance.",
        accepted_provisionally="Goods were accepted provisionally.",
        accepted="Goods were accepted.",
        deemed="Goods are deemed accepted: the buyer was silent.",
        rejected="Goods were rejected.",
    ),
    *Kind(
        "ld_claim",
        "ld_claim",
        "contracts:read",
        LdClaimEventData,
        {
            **_OF_CONTRACT,
            "number": 1,
            "status": ClaimStatus.RAISED,
            "amount": "1250.00",
            "currency": "KGS",
            "sha256": "ab" * 32,
        },
    ).types(
        raised="The buyer claims liquidated damages.",
        contested="The supplier contests a claim.",
        agreed="The supplier agrees to a claim.",
        waived="The buyer waives a claim.",
    ),
    *Kind(
        "dispute",
        "dispute",
        "contracts:read",
        DisputeEventData,
        {**_OF_CONTRACT, "number": 1, "stage": DisputeStage.NEGOTIATION, "outcome": None},
    ).types(
        opened="A dispute was opened.",
        advanced="A dispute entered its next stage.",
        overdue="A dispute was not determined in time.",
        closed="A dispute was settled, withdrawn or determined.",
    ),
)
INTERNAL = (
    "delivery.warning_due",
    "delivery.day_ended",
    "acceptance.silence_ended",
    "dispute.stage_ended",
    "ledger_hold.expired",
)
