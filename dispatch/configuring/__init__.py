"""Configuring an analysis: the form drawn from its schema, and configurations kept in versions."""
