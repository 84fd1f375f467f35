"""Every write of webhooks."""
