"""Cell populations from FlowJo workspaces."""
