"""Bulk RNA-seq of a plate's tubes."""
