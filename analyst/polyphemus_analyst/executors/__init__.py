"""Where jobs run: here, on a SLURM cluster, or behind a GA4GH workflow execution service."""
