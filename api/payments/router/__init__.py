"""Every router of payments."""

from api.payments.router import (
    accounts,
    bank,
    corrections,
    fees,
    guarantees,
    ledger,
    milestone_payments,
    payment_schedules,
    plans,
    securities,
    subscriptions,
    suspense,
    transfers,
)

ROUTERS = (
    ledger.router,
    corrections.router,
    fees.router,
    fees.tariff_router,
    fees.contract_router,
    plans.public,
    plans.router,
    subscriptions.router,
    subscriptions.quota_router,
    guarantees.router,
    securities.of_bid,
    securities.of_contract,
    securities.router,
    payment_schedules.router,
    milestone_payments.router,
    *accounts.ROUTERS,
    *transfers.ROUTERS,
    suspense.router,
    *bank.ROUTERS,
)
