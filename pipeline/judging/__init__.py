"""What a mention says: its language, its sentiment, whose copy it is, and what must not be shown."""
