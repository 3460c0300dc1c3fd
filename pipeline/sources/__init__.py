"""Where mentions come from: one module a source, each handing over mentions and rejected input."""
