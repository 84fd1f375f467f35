"""Webhooks: what happens to requests, told to the programs of requesters and analysts as it happens."""
