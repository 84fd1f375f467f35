"""What the settings tell others."""

from __future__ import annotations

from django.dispatch import Signal

#: sent after commit, with: project, switched_on (the loaders that may judge again)
project_settings_changed = Signal()
