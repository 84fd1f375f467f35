"""The analyst's client of Polyphemus: poll, bid, run, ticket. It shares no code with the server."""
