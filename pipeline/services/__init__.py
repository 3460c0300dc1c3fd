"""The processes: what each runs, from start to a clean end, and what they are made of."""
