"""From signals to people: incidents, clocks, pages, reminders and their delivery.

The core (incident, lifecycle, policy, timers, notification, rendering) is pure; the shell
(store, delivery, notifiers) does the I/O. Every instant and every duration is an integer of
milliseconds (instants since 1970-01-01 UTC).
"""
