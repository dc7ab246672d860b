"""The schema's history: one change, one reason, for SQLite and PostgreSQL alike."""
