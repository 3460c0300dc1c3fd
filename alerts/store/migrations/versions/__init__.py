"""Numbered in the order they are applied."""
