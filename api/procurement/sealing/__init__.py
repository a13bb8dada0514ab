"""Sealed bids: keys shared among openers, envelopes, receipts and the opening (docs/sealing.md).

Knows no table and no route. What is secret is never in a `repr`, an error's text or a log.
"""
