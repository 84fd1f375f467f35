"""What loaders tell their own upper layers."""

from __future__ import annotations

from django.dispatch import Signal

#: sent after commit, with: shard_id
shard_written = Signal()
