"""Trying every dependency and setting, more thoroughly than /readyz may: `manage.py doctor`."""
