"""Invoices of the platform on paper: one content, told in four languages."""
