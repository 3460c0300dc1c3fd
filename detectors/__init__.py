"""Pure detectors: from a brand's closed buckets to readings and signals.

Nothing here reads a clock, does I/O, logs or keeps globals. Every instant and every
duration is an integer of milliseconds (instants since 1970-01-01 UTC).
"""
