"""The API described from its code, in OpenAPI 3.1, and a page to read it."""
