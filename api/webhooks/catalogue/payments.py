"""Events of money: payers are told of what they owe, beneficiaries of what they are paid."""

from decimal import Decimal

from api.webhooks.catalogue.kinds import Data, Kind


class CollectionEventData(Data):
    """Money that is expected."""

    purpose: str
    rail: str
    status: str
    currency: str
    amount: Decimal
    received_amount: Decimal


class PaymentOrderEventData(Data):
    """Money that goes out."""

    purpose: str
    rail: str
    status: str
    currency: str
    amount: Decimal


class PayeeAccountEventData(Data):
    """An account that an organisation is paid to."""

    state: str


_ORDER = {
    "purpose": "release",
    "rail": "bank_transfer",
    "status": "sent",
    "currency": "KGS",
    "amount": "184320.5",
}
_COLLECTION = {
    **_ORDER,
    "purpose": "contract_funding",
    "status": "partially_received",
    "received_amount": "100000",
}
TYPES = (
    *Kind("collection", "collection", "payments:read", CollectionEventData, _COLLECTION).types(
        requested="Money is expected of you.",
        changed="Money that is expected of you came, was cancelled or went back.",
    ),
    *Kind("payment", "collection", "payments:read", CollectionEventData, _COLLECTION).types(
        received="Money that was expected of you came, all or part of it.",
        reversed="The bank took back money that had come from you; what is missing is expected again.",
    ),
    *Kind("payment_order", "paymentorder", "payments:read", PaymentOrderEventData, _ORDER).types(
        created="A payment to you was ordered.",
        approved="A payment to you was approved.",
        sent="A payment to you was sent.",
        settled="A payment to you has left the platform's account.",
        failed="A payment to you could not be sent.",
        returned="A payment to you came back.",
        cancelled="A payment to you was given up.",
    ),
    *Kind(
        "payee_account",
        "payeeaccount",
        "payments:read",
        PayeeAccountEventData,
        {"state": "verified"},
    ).types(changed="An account that you are paid to was added, verified, suspended or retired."),
)
INTERNAL: tuple[str, ...] = ("payee_account.onboarding_link_asked",)
