"""The demonstration on the live page: an engine that can be killed, and a panel to play with."""
