"""The language layer of matching: what a text says, in four languages, as pure functions."""
