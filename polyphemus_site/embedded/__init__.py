"""PostgreSQL and a Redis-compatible server for the demo and for tests, under a supervisor of our own.

Nothing here imports Django: the supervisor starts before any setting is read.
"""
