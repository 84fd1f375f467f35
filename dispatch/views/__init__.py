"""Where callers meet dispatch: the API for programs, pages for people."""
