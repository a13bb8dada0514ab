"""Requests for quotation, quotes and their comparison: sourcing without a tender."""
