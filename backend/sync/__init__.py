"""The engine: durable inbox (mirror), pure planner, durable outbox (intents).

Knows nothing of Flask, SQL or HTTP: it sees the two sides through `backend.ports` and remembers through
`backend.sync.store`.
"""
