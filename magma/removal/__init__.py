"""Removing reviewed orphans: through Magma's own database, or by handing the work over."""
