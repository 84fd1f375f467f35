"""waiver: files of patients who took their consent back lie where everybody may have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from loaders.chores import Chore, Work
from loaders.tables import ListedBucket, ListedFile
from magma.client import Magma
from magma.questions import lacks


@dataclass(frozen=True)
class Waiver(Chore):
    """Moves the files of waived patients from the release bucket to the restricted one."""

    #: The model of the people, and the boolean by which they are marked.
    model: str = "patient"
    mark: str = "restricted"
    release_bucket: str = "release"
    restricted_bucket: str = "restricted"

    name: ClassVar[str] = "waiver"
    title: ClassVar[str] = "Files of patients who took their consent back"
    analysis: ClassVar[str] = "move_restricted"

    def work(self, magma: Magma, project: str) -> Work | None:
        """The waived patients; where the release bucket is listed, those alone that have files there."""
        waived = sorted(magma.identifiers(project, self.model, filters=[[self.mark, "::true"]]))
        unknown = sorted(magma.identifiers(project, self.model, filters=[lacks(self.mark)]))
        files = self._files(project, waived)
        concerned = waived if files is None else sorted({one for one in waived if files.get(one)})
        if not concerned:
            return None
        params = {"model": self.model, "from": self.release_bucket, "to": self.restricted_bucket}
        found = {} if files is None else {"files": sorted(path for name in concerned for path in files[name])}
        return Work(tuple(concerned), params | found | {"consent_unknown": len(unknown)})

    def _files(self, project: str, waived: list[str]) -> dict[str, list[str]] | None:
        """Patient -> the released files whose path names them; None when the bucket isn't listed."""
        if not ListedBucket.objects.filter(project=project, bucket=self.release_bucket, error="").exists():
            return None
        rows = ListedFile.objects.filter(project=project, bucket=self.release_bucket)
        paths = list(rows.order_by("path").values_list("path", flat=True))
        return {one: [path for path in paths if _names(path, one)] for one in waived}


def _names(path: str, patient: str) -> bool:
    """Whether a folder or file is the patient's: its name is theirs, or goes on with a dot."""
    return any(part == patient or part.startswith(f"{patient}.") for part in path.split("/"))
