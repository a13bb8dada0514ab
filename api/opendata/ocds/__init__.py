"""Tenders as OCDS 1.1: what is said of a process at each public event, validated, kept and merged."""
