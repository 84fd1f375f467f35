"""Every write of configurations and of the editions of schemas."""
