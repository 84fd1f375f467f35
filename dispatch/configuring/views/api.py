"""The API of analyses and configurations."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.utils.translation import gettext as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dispatch import serializers as bodies
from dispatch.authentication import AnalystAuthentication
from dispatch.configuring import described, knowledge, serializers
from dispatch.configuring.services import configurations
from dispatch.configuring.services.configurations import Keeping
from dispatch.services import configs
from polyphemus_analyst import schemas
from polyphemus_site import clock
from polyphemus_site.api.parsers import document_of
from polyphemus_site.api.repeatable import RepeatableView
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.janus.authentication import JanusAuthentication
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.permissions import require_edit, require_view
from polyphemus_site.openapi.described import Methods


class KnownView(APIView):
    """What analysts and people alike may know: which analyses there are and what they ask for."""

    authentication_classes = (AnalystAuthentication, JanusAuthentication)
    permission_classes = (IsAuthenticated,)


class PersonView(APIView):
    """For people."""

    authentication_classes = (JanusAuthentication,)
    permission_classes = (IsAuthenticated,)

    def person(self) -> Person:
        """Who asks."""
        return cast("Person", self.request.user)


class AnalysesView(KnownView):
    """`GET /api/v1/analyses`."""

    described: ClassVar[Methods] = {"GET": described.ANALYSES}

    def get(self, request: Request) -> Response:
        """Every analysis something is known of."""
        del request
        return Response({"analyses": [serializers.analysis_json(one) for one in knowledge.whole_analyses()]})


class AnalysisView(KnownView):
    """`GET /api/v1/analyses/NAME`."""

    described: ClassVar[Methods] = {"GET": described.ONE_ANALYSIS}

    def get(self, request: Request, name: str) -> Response:
        """One, with its schemas as they were imported: what requests are held to."""
        del request
        return Response(serializers.whole_analysis_json(knowledge.analysis_named(name)))


class JudgeView(KnownView):
    """`POST /api/v1/analyses/NAME/judge`: what would be refused, without publishing anything."""

    described: ClassVar[Methods] = {"POST": described.JUDGING}

    def post(self, request: Request, name: str) -> Response:
        """The faults of inputs and params, empty where they fit."""
        body = bodies.fields(document_of(request), required=("inputs",), optional=("params",))
        inputs, params = body["inputs"], body.get("params", {})
        if not isinstance(inputs, list) or not isinstance(params, dict):
            raise InvalidInputError(_("inputs is a list and params an object."), code="invalid_config")
        contract = configs.contract_of(knowledge.analysis_named(name).name)
        return Response(
            {
                "inputs": contract.input_faults(inputs)[: schemas.MOST_FAULTS],
                "params": contract.param_faults(params),
            }
        )


class ConfigurationsView(PersonView, RepeatableView):
    """`/api/v1/configurations`."""

    described: ClassVar[Methods] = {"GET": described.LISTING, "POST": described.KEEPING}

    def get(self, request: Request) -> Response:
        """A project's configurations."""
        project, analysis = (request.query_params.get(word, "") for word in ("project", "analysis"))
        if not project:
            raise InvalidInputError(_("Name a project: ?project=…"), code="project_missing")
        require_view(self.person(), project)
        found = knowledge.configurations(project)
        found = found.filter(analysis=analysis) if analysis else found
        return Response({"configurations": [serializers.listed_json(one) for one in found]})

    def act(self, request: Request) -> Response:
        """Keep params as the latest version of a configuration, which is made if need be."""
        words = ("project", "analysis", "name")
        body = bodies.fields(document_of(request), required=(*words, "params"), optional=("comment",))
        said: dict[str, Any] = {word: bodies.word(body, word) for word in words}
        require_edit(self.person(), said["project"])
        comment = bodies.text(body, "comment", default="")
        keeping = Keeping(**said, params=body["params"], comment=comment.strip(), author=self.person().email)
        kept = configurations.keep(keeping, now=clock.now())
        return Response(serializers.whole_json(kept.configuration), status=HTTPStatus.CREATED)


class ConfigurationView(PersonView):
    """`GET /api/v1/configurations/ID`."""

    described: ClassVar[Methods] = {"GET": described.ONE_CONFIGURATION}

    def get(self, request: Request, pk: int) -> Response:
        """One, with all its versions, the latest first."""
        del request
        return Response(serializers.whole_json(knowledge.configuration_for(self.person(), pk)))


class RestoreView(PersonView, RepeatableView):
    """`POST /api/v1/configurations/ID/restore`."""

    described: ClassVar[Methods] = {"POST": described.RESTORING}

    def act(self, request: Request) -> Response:
        """Make an old version the latest again, as a new one."""
        found = knowledge.configuration_for(self.person(), self.kwargs["pk"])
        require_edit(self.person(), found.project)
        body = bodies.fields(document_of(request), required=("number",), optional=("comment",))
        version = knowledge.version_of(found, body["number"])
        comment = bodies.text(body, "comment", default="")
        configurations.restore(version, author=self.person().email, comment=comment, now=clock.now())
        return Response(serializers.whole_json(found))
