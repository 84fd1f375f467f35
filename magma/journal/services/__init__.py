"""Every write of the journal: `entries` keeps what comes in, `forwarding` passes it on."""
