"""The founding story, played between real processes: `make demo`."""
