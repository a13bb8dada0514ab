"""What the routes of selling abroad take and give."""
