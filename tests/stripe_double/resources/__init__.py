"""What the double serves, one module for each noun; importing one registers its operations."""

from tests.stripe_double.resources import (
    accounts,
    balances,
    checkout,
    customers,
    disputes,
    endpoints,
    events,
    invoices,
    payment_intents,
    payment_methods,
    payouts,
    prices,
    refunds,
    setup_intents,
    subscriptions,
    transfers,
)

MODULES = (
    accounts,
    balances,
    checkout,
    customers,
    disputes,
    endpoints,
    events,
    invoices,
    payment_intents,
    payment_methods,
    payouts,
    prices,
    refunds,
    setup_intents,
    subscriptions,
    transfers,
)
