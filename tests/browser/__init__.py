"""The people's ways, in a real Chromium."""
