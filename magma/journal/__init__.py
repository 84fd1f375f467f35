"""What the siblings tell us: every push is a hint, kept and handed on."""
