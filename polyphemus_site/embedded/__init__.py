"""PostgreSQL and a Redis-compatible server for the demo and the tests."""
