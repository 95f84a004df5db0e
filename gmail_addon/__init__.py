"""gmail_addon."""
