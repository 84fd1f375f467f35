"""Every write of this app; import the module and say the verb: `reviews.decide(...)`."""
