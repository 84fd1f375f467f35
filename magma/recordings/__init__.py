"""Recorded exchanges with a real Magma, and whether the client would have made and understood them."""
