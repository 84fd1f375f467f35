"""The refusals of dispatch."""

from __future__ import annotations

from http import HTTPStatus

from polyphemus_site.errors import MoveRefusedError, PolyphemusError


class BidRefusedError(PolyphemusError):
    """A bid that can't be taken; `message` answers as the founding text's documents do."""

    code = "not_open"
    status = HTTPStatus.CONFLICT

    def __init__(self, message: str, *, code: str) -> None:
        """Add the word analysts' programs read."""
        super().__init__(message, code=code)
        self.members = {"message": "no"}


class NameTakenError(MoveRefusedError):
    """The name is in use, perhaps in other letter case, or was once."""

    code = "name_taken"


class AlreadyRequestedError(MoveRefusedError):
    """A request for the same inputs of the same records is open."""

    code = "already_requested"


class NoRoomError(MoveRefusedError):
    """As many requests are open in the project as its admins allow."""

    code = "no_room"


class StaleError(MoveRefusedError):
    """Somebody else changed the request between the look and the move."""

    code = "changed_meanwhile"


class NotYourselfError(PolyphemusError):
    """A bid in somebody else's name."""

    code = "not_yourself"
    status = HTTPStatus.FORBIDDEN
