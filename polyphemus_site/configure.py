"""From a suggestion to its request by way of the form: where loaders, configuring and dispatch meet."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from dispatch.configuring import knowledge
from dispatch.configuring.orders import Order
from dispatch.configuring.services.publishing import Publish, Wish
from dispatch.configuring.views.pages import configure
from dispatch.services import configs
from loaders import seam
from loaders.models import Suggestion
from loaders.services import suggestions
from loaders.views.base import suggestion_for
from polyphemus_site.janus.pages import PageRequest, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def suggestion_configure(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """`/PROJECT/suggestions/ID/configure`: look over what the records say, change it, and request it."""
    suggestion = suggestion_for(request.person, pk, project)
    analysis = suggestion.analysis
    order = Order(
        project=project,
        analysis=analysis,
        contract=configs.contract_of(analysis),
        reason=suggestion.reason,
        inputs=seam.inputs_offered(suggestion),
        params=suggestion.config.get("params") or {},
        origin=knowledge.version_for(
            request.person, request.GET.get("version", ""), project=project, analysis=analysis
        ),
        submit=accepting(suggestion),
    )
    return configure(request, order)


def accepting(suggestion: Suggestion) -> Publish:
    """Publish by accepting the suggestion, so that it remembers what it became."""

    def accept(wish: Wish, now: datetime) -> str:
        done = suggestions.accept(
            suggestion,
            person=wish.requester,
            name=wish.name,
            inputs=wish.inputs,
            params=wish.params or {},
            now=now,
        )
        return done.request_name

    return accept
