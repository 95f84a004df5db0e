"""Values of the product: contacts, events, recurrence, time zones, identity, field map, configuration.

Owns what the two sides mean by the same thing. Pure: imports nothing of backend, does no I/O, reads no clock.
"""
