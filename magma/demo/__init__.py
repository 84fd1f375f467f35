"""The demo warehouse: answers as a Magma does, for trying things out."""
