from tests.payments.stripe_world import running_double, stripe_world

__all__ = ["running_double", "stripe_world"]
