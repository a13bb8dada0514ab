"""Selling abroad: permissions to export, what a market asks of goods, feeds for its channels."""
