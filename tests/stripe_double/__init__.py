"""A double of Stripe's API for tests, spoken to by the real SDK over loopback.

What it accepts is read from the SDK's own types (`params.py`), what it answers is held against the
SDK's own classes (`shapes.py`): an upgrade of the SDK that changes either shows here first.
`tests/stripe_double/README.md` says what is covered and what is not.
"""
