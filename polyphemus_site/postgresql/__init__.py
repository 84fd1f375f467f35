"""Django's PostgreSQL, with a health check that asks nothing, and statements that are kept ready."""
