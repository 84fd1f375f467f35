"""Django's own rights, answered from the Janus roles of the present request and never stored."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User

from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import ADMINISTRATION, Level

#: What each super-role may do to anything in the admin; project admins get theirs from `ProjectAdmin`.
VERBS: dict[Level | None, frozenset[str]] = {
    Level.ADMIN: frozenset({"view", "add", "change", "delete"}),
    Level.EDITOR: frozenset({"view", "change"}),
    Level.VIEWER: frozenset({"view"}),
}


#: Local accounts are a local superuser's affair: whoever may change them could make themselves one.
CLOSED = frozenset({"auth"})


class JanusBackend(BaseBackend):
    """`user.has_perm` for a user that carries the person of this request."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether the super-role of the person behind this user covers the verb."""
        del obj
        person: Person | None = getattr(user_obj, "person", None)
        app, _, codename = perm.partition(".")
        if person is None or app in CLOSED:
            return False
        return codename.partition("_")[0] in VERBS.get(person.level_in(ADMINISTRATION), frozenset())

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the admin lists the app."""
        return self.has_perm(user_obj, f"{app_label}.view_any")


def user_of(person: Person) -> User:
    """The row the admin's own log needs: no password, no stored right, carrying the person for this request.

    The prefix keeps it apart from a local account of the same name.
    """
    name = f"janus:{person.email}"[:150]
    user, created = User.objects.get_or_create(username=name, defaults={"email": person.email})
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    user.first_name = person.name or person.email  # for the greeting of this page; not kept
    user.person = person  # type: ignore[attr-defined]  # read back by JanusBackend
    return user
