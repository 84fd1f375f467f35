"""What a project's admins have decided for it."""
