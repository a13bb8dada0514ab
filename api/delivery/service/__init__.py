"""What can be done with delivery. Never commits."""
