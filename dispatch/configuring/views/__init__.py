"""The edge: who asks, what for; one service or question; the answer."""
