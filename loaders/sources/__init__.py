"""Where anchors come from: Magma's records, or rows that answer as Magma's would."""
