"""Delivery terms and what they cost: routes, rate cards, tariffs, landed cost."""
