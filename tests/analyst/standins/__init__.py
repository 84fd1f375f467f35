"""Programs that stand in for ones we can't have here, named as such."""
