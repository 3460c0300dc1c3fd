"""The sections of the configuration, one file each, as pydantic models with their defaults."""
