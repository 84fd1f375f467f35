"""Records without the parent they should have: found, reviewed, bundled."""
