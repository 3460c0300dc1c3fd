"""What a mention says: language, sentiment, whose copy it is, and what must not be shown."""
