"""What the routes of delivery take and give."""
