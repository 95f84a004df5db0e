"""The pages people see. Server-rendered; everything works without JavaScript, which only keeps numbers fresh.

Reads through `backend.storage.views` on the read-only engine; whatever changes something is a callable in `Services`.
"""
