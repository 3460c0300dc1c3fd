"""What the program counts about itself: names and help once, cheap to call."""
