"""The exome analysis of a patient's tumors against their normal."""
