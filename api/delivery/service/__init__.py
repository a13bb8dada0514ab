"""What can be done with shipments, and what may be read of them."""
