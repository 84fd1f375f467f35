"""Gene counts of a plate, loaded into its tubes."""
