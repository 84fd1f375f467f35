"""From a filled-in form to a request: once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from dispatch.configuring.errors import AlreadySentError
from dispatch.configuring.models import ConfiguredRequest
from dispatch.configuring.services import configurations
from dispatch.configuring.services.configurations import Keeping
from dispatch.models import AnalysisRequest
from dispatch.services import naming, requests
from dispatch.states import RequestStatus
from polyphemus_site.postgresql.fields import compact

LONGEST_TOKEN = 40


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a form asks for."""

    analysis: str
    project: str
    requester: str
    inputs: list[Any]
    params: dict[str, Any] | None
    #: The request's name; None has one proposed.
    name: str | None = None


#: Publishes the request and gives its name; runs in the same transaction.
Publish = Callable[[Wish, datetime], str]


def submit(wish: Wish, now: datetime) -> str:
    """Publish a request that no loader suggested."""
    return requests.submit(
        analysis=wish.analysis,
        project=wish.project,
        requester=wish.requester,
        inputs=wish.inputs,
        params=wish.params,
        name=wish.name,
        now=now,
    ).name


def publish(
    wish: Wish, keeping: Keeping, *, token: str, again: str = "", submit: Publish = submit, now: datetime
) -> ConfiguredRequest:
    """Keep the configuration and publish the request: both or neither, and once for a form's token.

    AlreadySentError: the form became a request already and says something else now, or the same person's
    request for just this is open; `again` names that request, by who has been told of it.
    """
    digest = hashlib.sha256(compact([wish.__dict__, keeping.name]).encode()).hexdigest()
    with transaction.atomic():
        naming.take_turns(f"form {wish.requester} {token}")
        own = ConfiguredRequest.objects.filter(requester=wish.requester).select_related("request")
        sent = own.filter(token=token).first()
        if sent and sent.digest == digest:
            return sent
        alike = own.filter(digest=digest).exclude(request__status=RequestStatus.ARCHIVED).first()
        if (earlier := sent or alike) and earlier.request.name != again:
            name = earlier.request.name
            raise AlreadySentError(
                _("You have asked for this as %(name)s already. Send it again if you want another.")
                % {"name": name},
                request_name=name,
            )
        version = configurations.keep(keeping, now=now)
        name = submit(wish, now)
        return ConfiguredRequest.objects.create(
            request=AnalysisRequest.objects.named(name).get(),
            version=version,
            requester=wish.requester,
            token=token,
            digest=digest,
            at=now,
        )
