"""What templates of this app use."""
