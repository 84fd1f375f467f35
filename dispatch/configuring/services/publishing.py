"""From a filled-in form to a request: once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch.configuring.errors import AlreadySentError
from dispatch.configuring.models import ConfiguredRequest
from dispatch.configuring.services import configurations
from dispatch.configuring.services.configurations import Keeping
from dispatch.fields import compact
from dispatch.models import AnalysisRequest
from dispatch.services import naming, requests

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
    wish: Wish, keeping: Keeping, *, token: str, submit: Publish = submit, now: datetime
) -> ConfiguredRequest:
    """Keep the configuration and publish the request: both or neither, and once for a form's token.

    AlreadySentError: the form became a request already, and says something else now.
    """
    digest = hashlib.sha256(compact([wish.__dict__, keeping.name]).encode()).hexdigest()
    with transaction.atomic():
        naming.take_turns(f"form {wish.requester} {token}")
        sent = ConfiguredRequest.objects.filter(requester=wish.requester, token=token)
        if earlier := sent.select_related("request").first():
            if earlier.digest != digest:
                name = earlier.request.name
                raise AlreadySentError(f"This form has become {name}. Sent again, it asks for another.")
            return earlier
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
