"""Routes of payments."""

from api.payments.router import milestone_payments, payment_schedules

ROUTERS = (payment_schedules.router, milestone_payments.router)
