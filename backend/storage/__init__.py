"""The database: tables, migrations, the engine's memory, read models for pages, encryption at rest."""
