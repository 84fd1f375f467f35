"""What lies in Metis: a bucket's files as it lists them. Reads only, like everything here.

Asked is `POST /PROJECT/find/BUCKET`, which tells of each file its path, md5 sum, size and last change.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
from django.conf import settings

from magma.client import token_source
from magma.errors import MagmaError, MagmaForbidden, MagmaGarbled, MagmaUnauthorized, MagmaUnreachable
from magma.tokens import TokenSource
from magma.wire import base_address
from polyphemus_site.sentences import say as _

#: Files a call.
PAGE_SIZE = 1000
#: How much of a table is read for its header.
HEAD = 64 * 1024
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class MetisFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a bucket."""

    path: str = msgspec.field(name="file_path")
    name: str = msgspec.field(name="file_name")
    updated_at: datetime
    md5: str | None = msgspec.field(name="file_hash", default=None)
    size: int | None = None
    download_url: str | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to `find`."""

    files: list[MetisFile] = []


ANSWER = msgspec.json.Decoder(Found)


class Metis:
    """One Metis as one token sees it."""

    def __init__(self, *, url: str, token: TokenSource) -> None:
        self._base = base_address(url, "POLYPHEMUS_METIS_URL")
        self._token = token
        self._http = httpx.Client(timeout=httpx.Timeout(120, connect=10), follow_redirects=False)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def files(self, project: str, bucket: str, since: datetime = LONG_AGO) -> Iterator[MetisFile]:
        """The files of a bucket that changed at `since` or later."""
        stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        changed = {"type": "file", "attribute": "updated_at", "predicate": ">=", "value": stamp}
        for page in count():
            asked = {"params": [changed], "limit": PAGE_SIZE, "offset": page * PAGE_SIZE}
            found = self._find(project, bucket, asked)
            yield from found
            if len(found) < PAGE_SIZE:
                return

    def columns(self, file: MetisFile) -> list[str] | None:
        """The header of a table; None where it can't be read."""
        if not file.download_url:
            return None
        with self._http.stream("GET", file.download_url, headers={"Range": f"bytes=0-{HEAD - 1}"}) as answer:
            if answer.status_code not in {200, 206}:
                return None
            head = next(answer.iter_bytes(HEAD), b"")
        return header_of(head, file.name)

    def _find(self, project: str, bucket: str, body: dict[str, Any]) -> list[MetisFile]:
        token = self._token.current()
        answer = self._post(project, bucket, body, token.text)
        if answer.status_code == 401 and (another := self._token.renewed(token)) is not None:  # noqa: PLR2004 — not signed in
            answer = self._post(project, bucket, body, another.text)
        if answer.status_code != 200:  # noqa: PLR2004 — OK
            raise _refusal(answer, f"{project}/{bucket}")
        try:
            return ANSWER.decode(answer.content).files
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MagmaGarbled(
                _("Metis's answer about %(project)s/%(bucket)s makes no sense: %(error)s.")
                % {"project": project, "bucket": bucket, "error": error}
            ) from error

    def _post(self, project: str, bucket: str, body: dict[str, Any], token: str) -> httpx.Response:
        place = f"{self._base}/{quote(project, safe='')}/find/{quote(bucket, safe='')}"
        try:
            return self._http.post(place, json=body, headers={"Authorization": f"Etna {token}"})
        except httpx.TransportError as error:
            raise MagmaUnreachable(_("Metis can't be reached: %(error)s.") % {"error": error}) from error


def _refusal(answer: httpx.Response, place: str) -> MagmaError:
    kinds = {401: MagmaUnauthorized, 403: MagmaForbidden}
    said = answer.text[:200]
    kind = kinds.get(answer.status_code, MagmaError)
    return kind(f"Metis answered {answer.status_code} about {place}: {said}", http_status=answer.status_code)


def header_of(head: bytes, name: str) -> list[str] | None:
    """The first line of a csv or tsv file; None where there is none, or it isn't text."""
    line, ends, _ = head.decode("utf-8-sig", "replace").partition("\n")
    if (not ends and len(head) >= HEAD) or "\ufffd" in line or "\0" in line:
        return None
    cells = next(
        csv.reader([line.rstrip("\r")], delimiter="\t" if name.lower().endswith(".tsv") else ","), []
    )
    return [cell.strip() for cell in cells]


def connect() -> Metis | None:
    """The Metis of POLYPHEMUS_METIS_URL; None where none is set."""
    if not settings.POLYPHEMUS_METIS_URL:
        return None
    return Metis(url=settings.POLYPHEMUS_METIS_URL, token=token_source())
