"""What a form is about: an analysis in a project, what to start from, and how a request is made of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from dispatch.configuring.forms import ConfigForm
from dispatch.configuring.models import ConfigurationVersion
from dispatch.configuring.services import publishing
from dispatch.configuring.services.configurations import Keeping
from dispatch.configuring.services.publishing import LONGEST_TOKEN, Publish, Wish
from dispatch.services.configs import Contract


@dataclass(frozen=True, kw_only=True)
class Order:
    """One wish to have an analysis done, before it is one."""

    project: str
    analysis: str
    contract: Contract
    #: Why this is at hand, in words; empty when somebody just asks.
    reason: str = ""
    inputs: Sequence[Any] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    #: The version it starts from; what the records say goes before it.
    origin: ConfigurationVersion | None = None
    submit: Publish = publishing.submit

    def start(self) -> ConfigForm:
        """The form as it is first shown."""
        before = self.origin.params if self.origin else {}
        return ConfigForm.start(
            self.project, self.contract, inputs=self.inputs, params={**before, **self.params}
        )

    def sent(self, form: QueryDict) -> ConfigForm:
        """The form as somebody sent it."""
        return ConfigForm.sent(self.project, self.contract, form)

    def wish(self, form: ConfigForm, sent: Mapping[str, str], requester: str) -> Wish:
        """What is to be published."""
        return Wish(
            analysis=self.analysis,
            project=self.project,
            requester=requester,
            inputs=form.chosen,
            params=form.params or None,
            name=sent.get("name", "").strip() or None,
        )

    def keeping(self, form: ConfigForm, sent: Mapping[str, str], author: str) -> Keeping:
        """What is to be kept, under the name typed."""
        return Keeping(
            project=self.project,
            analysis=self.analysis,
            name=sent.get("configuration", "").strip() or self.configuration_name,
            params=form.params,
            author=author,
            comment=sent.get("comment", "").replace("\r\n", "\n").strip(),
            origin=self.origin,
        )

    @property
    def configuration_name(self) -> str:
        """The name proposed for what is kept."""
        return self.origin.configuration.name if self.origin else self.analysis


def token_of(sent: Mapping[str, str]) -> str:
    """The form's own token, by which it publishes once; a new one when it has none."""
    token = sent.get("token", "")
    is_ours = 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable()
    return token if is_ours else secrets.token_urlsafe(16)
