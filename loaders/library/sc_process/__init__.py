"""Single-cell RNA-seq."""
