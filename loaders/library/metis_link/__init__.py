"""Files that lie in Metis and belong into a record's attribute."""
