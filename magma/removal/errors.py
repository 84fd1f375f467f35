"""Why a removal does not go on. Whatever is raised here, nothing was removed."""

from __future__ import annotations

from http import HTTPStatus

from polyphemus_site.errors import PolyphemusError


class RemovalError(PolyphemusError):
    """Nothing was removed; the sentence says why and what to do.

    `passing` tells what mends itself (try again later) from what a person must mend.
    """

    code = "removal_refused"
    status = HTTPStatus.CONFLICT
    passing = False


class DatabaseDownError(RemovalError):
    """Magma's database can't be reached."""

    code = "magma_database_down"
    passing = True


class LockedError(RemovalError):
    """Somebody else works on these very rows."""

    code = "rows_locked"
    passing = True


class TooSlowError(RemovalError):
    """The batch would have held its locks for longer than allowed; a smaller one may do."""

    code = "batch_too_slow"
    passing = True


class NoRightsError(RemovalError):
    """The account may not do what removal needs; the sentence lists the grants."""

    code = "no_rights"


class SchemaUnclearError(RemovalError):
    """Magma's tables can't be told apart, or aren't there."""

    code = "schema_unclear"


class InterferenceError(RemovalError):
    """A trigger, a rule or a policy nobody told us about would act on a deletion."""

    code = "interference"


class CountDiffersError(RemovalError):
    """The database deleted another number of rows than the copy holds; rolled back."""

    code = "count_differs"


class OtherDatabaseError(RemovalError):
    """The rows don't agree with what Magma's API says: this isn't the database behind it, or it lags."""

    code = "other_database"


class CalledOffError(RemovalError):
    """The review was called off before the commit."""

    code = "called_off"


class OutcomeUnknownError(RemovalError):
    """The connection broke during the commit; the transaction's number will tell."""

    code = "outcome_unknown"
    passing = True
