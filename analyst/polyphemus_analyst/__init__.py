"""The analyst's client of Polyphemus: poll, bid, run, ticket. It needs no code of the server."""
