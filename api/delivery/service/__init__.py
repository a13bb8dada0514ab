"""What can be done with landed costs and shipments, and what may be read of them."""
