"""Stripe as a rail: the only place that imports its SDK.

Buyers pay to the platform's balance; sellers are paid by separate transfers, or by Global Payouts
where Stripe has no Connect. What is the platform's own stays behind when less is transferred: an
`application_fee_amount` is never asked for.
"""
