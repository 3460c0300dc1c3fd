"""One module a view; each exports `router`."""
