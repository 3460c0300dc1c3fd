"""What a well-formed configuration can still get wrong, section by section."""
