"""microsoft."""
