"""From a source's raw input to judged mentions, closed buckets and signals.

The core (mention, wire, brands, judging, windows, fold) is pure; the shell (sources, log,
embedded engine, stores, settings, clock, commands) does the I/O. Every instant and every
duration is an integer of milliseconds (instants since 1970-01-01 UTC).
"""
