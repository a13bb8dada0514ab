"""What can be done to sell abroad."""
