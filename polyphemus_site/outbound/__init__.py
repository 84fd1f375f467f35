"""Calls to addresses that somebody else gave us: only where they may go, and never for long."""
