"""The live page: what people open all day, and act on at night."""
