"""The shapes of events, and of endpoints, deliveries and attempts."""
