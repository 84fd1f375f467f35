"""The supervisor, as separate processes with real servers."""
