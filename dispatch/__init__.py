"""Analysis requests, bids, due dates, tickets and the keys of analysts."""
