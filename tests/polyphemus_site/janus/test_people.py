"""The predicates, against the table Janus's own services follow."""

from __future__ import annotations

import pytest

from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions

#: perm -> may view, edit, administer, see restricted in labors
TABLE = {
    "a:labors": (True, True, True, False),
    "e:labors": (True, True, False, False),
    "v:labors": (True, False, False, False),
    "g:labors": (True, False, False, False),
    "A:labors": (True, True, True, True),
    "E:labors": (True, True, False, True),
    "V:labors": (True, False, False, True),
    "G:labors": (True, False, False, True),
    "a:administration": (True, True, True, False),
    "e:administration": (True, True, True, False),
    "v:administration": (True, False, False, False),
    "g:administration": (False, False, False, False),
    "A:administration": (True, True, True, False),
    "A:administration;V:labors": (True, True, True, True),
    "a:ipi;e:x,y;A:labor": (False, False, False, False),
    "": (False, False, False, False),
}


@pytest.mark.parametrize("perm", TABLE)
def test_a_role_allows_what_janus_says_and_no_more(perm: str) -> None:
    person = Person("someone@ucsf.edu", roles=read_permissions(perm))

    allowed = (
        person.can_view("labors"),
        person.can_edit("labors"),
        person.is_admin("labors"),
        person.can_see_restricted("labors"),
    )

    assert allowed == TABLE[perm]


def test_a_project_open_to_everyone_may_be_viewed_and_nothing_more() -> None:
    person = Person("someone@ucsf.edu", open_projects=lambda: frozenset({"labors"}))

    assert person.can_view("labors")
    assert not person.can_view("ipi")
    assert not person.can_edit("labors")
    assert not person.can_see_restricted("labors")


def test_janus_is_not_asked_where_the_token_answers() -> None:
    def never() -> frozenset[str]:
        raise AssertionError

    person = Person("someone@ucsf.edu", roles=read_permissions("v:labors"), open_projects=never)

    assert person.can_view("labors")
