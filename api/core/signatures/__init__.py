"""Signatures of organisations over papers: what proves them, and the PDF that people sign."""
