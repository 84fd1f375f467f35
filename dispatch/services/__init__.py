"""Every write of dispatch, by subject.

Import the module: `from dispatch.services import bids; bids.accept(...)`.
"""
