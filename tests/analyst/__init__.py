"""The analysts' client: its parts, and its whole against a server that misbehaves on request."""
