"""What every signed or JSON address shares: signing, problem+json, strict JSON, keyset pages."""
