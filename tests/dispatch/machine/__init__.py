"""A model of everybody at once: requester, analysts, clock, warehouse and crashes, over real HTTP."""
