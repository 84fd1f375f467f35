"""What dispatch tells the rest of the program. All are sent after commit, through `send_robust`.

Each carries `analysis_request`, the request as the change left it, and `event_id`, its line of history.
"""

from __future__ import annotations

from django.dispatch import Signal

#: a request was published; with: analysis_request, event_id
request_submitted = Signal()
#: a bid won; with: analysis_request, event_id
request_awarded = Signal()
#: the due date moved, by the tenth or by agreement; with: analysis_request, event_id
request_extended = Signal()
#: the analyst asks the requester for more time; with: analysis_request, event_id
extension_asked = Signal()
#: handed back to the requester; with: analysis_request, event_id
request_deferred = Signal()
#: the requester wants help from the analyst; with: analysis_request, event_id
help_asked = Signal()
#: a deferred request runs again; with: analysis_request, event_id
request_resumed = Signal()
#: open for bids again, given back or offered to others; with: analysis_request, event_id
request_released = Signal()
#: ended with its output seen or a ticket; with: analysis_request, event_id
request_archived = Signal()
#: ended by a person; with: analysis_request, event_id
request_cancelled = Signal()
#: the output of an archived request was looked for; with: analysis_request, event_id
request_verified = Signal()
#: a message was added to a request; with: analysis_request, event_id
message_written = Signal()
#: no analyst can or will do this; with: analysis_request, event_id
request_flagged = Signal()
