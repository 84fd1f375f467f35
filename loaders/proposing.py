"""From a page to what should stand: judges it by one loader and drafts its suggestions. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from loaders import evidence, fingerprints, judging, restriction
from loaders.checks.times import instant
from loaders.drafts import Draft, Gist, Known, Proposal
from loaders.gathering import Gatherer
from loaders.judging import Judgement, Past
from loaders.loader import Loader
from loaders.pages import Page, as_names
from loaders.states import DueReason, Verdict

#: How many members of a batch a receipt shows in full.
SHOWN = 100
#: Magma's stamps are whole seconds: what was written this lately may be written again under the same stamp.
UNSETTLED = timedelta(seconds=5)
OUTPUT_APPEARED = "The output appeared."


@dataclass(frozen=True)
class Bench:
    """One loader at work on one page, knowing what was suggested and requested before."""

    gatherer: Gatherer
    loader: Loader
    page: Page
    past: Past
    #: Anchor or batch -> the latest suggestion there is for it.
    known: Mapping[str, Known]

    def draft(self) -> Draft:
        """Judge, and compare with what stands."""
        draft = Draft(judgements=judging.judge(self.loader, self.page, self.past, self.fingerprints))
        for key, indexes in self.groups.items():
            due = [index for index in indexes if draft.judgements[index].verdict is Verdict.DUE]
            known = self.known.get(key)
            if due:
                self._keep(draft, key, due)
            elif known and known.stands:
                draft.close[key] = self._ending([draft.judgements[index] for index in indexes])
        self._notice(draft)
        return draft

    @cached_property
    def keys(self) -> list[str]:
        """For each anchor what its suggestion is filed under: its batch, or its own name."""
        if not self.loader.batch_by:
            return list(self.page.names)
        shared = self.page.values(self.loader.batch_by)
        return [next(iter(as_names(value)), own) for value, own in zip(shared, self.page.names, strict=True)]

    @cached_property
    def groups(self) -> dict[str, list[int]]:
        """Key -> the anchors filed under it."""
        groups: dict[str, list[int]] = {}
        for index, key in enumerate(self.keys):
            groups.setdefault(key, []).append(index)
        return groups

    def fingerprints(self, indexes: Sequence[int]) -> dict[int, str]:
        """The anchors' fingerprints; files are asked after only where something was written since."""
        remembered = {index: mark for index in indexes if (mark := self._remembered(index))}
        unknown = [index for index in indexes if index not in remembered]
        whole = self.gatherer.with_digests(self.page, unknown, self.loader.inputs) if unknown else self.page
        return remembered | {index: self.loader.fingerprint(whole, index) for index in unknown}

    def _remembered(self, index: int) -> str:
        known = self.known.get(self.keys[index])
        if known is None or known.gist.loader_version != str(self.loader.version):
            return ""
        mark = known.gist.members.get(self.page.names[index], "")
        touch = self._touch(self.keys[index])
        return mark if touch and touch == known.gist.touch else ""

    def _touch(self, key: str) -> str:
        """What a batch's touch is; "" while it can't be told from the next one."""
        if any(map(self._is_unsettled, self.groups[key])):
            return ""
        return fingerprints.digest(
            [fingerprints.touch(self.page, index, self.loader.reads) for index in self.groups[key]]
        )

    def _is_unsettled(self, index: int) -> bool:
        one = self.page.only(self.page.names[index])
        documents = (
            self.page.store.get(*record) for record in fingerprints.records_read(one, self.loader.reads)
        )
        stamps = (instant((document or {}).get("updated_at")) for document in documents)
        return any(stamp and stamp > self.page.now - UNSETTLED for stamp in stamps)

    def _keep(self, draft: Draft, key: str, due: list[int]) -> None:
        known = self.known.get(key)
        gist = self._gist(key, due, draft.judgements[due[0]])
        if not known or not known.stands:
            draft.open.append(self._proposal(gist, [draft.judgements[index] for index in due]))
        elif not known.says(gist):
            draft.refresh.append(self._proposal(gist, [draft.judgements[index] for index in due]))
        elif known.gist.touch != gist.touch:
            draft.retouch[known.pk] = gist.touch

    def _gist(self, key: str, due: list[int], first: Judgement) -> Gist:
        members = {self.page.names[index]: mark for index, mark in self.fingerprints(due).items()}
        only = next(iter(members.values()))
        return Gist(
            anchor=key,
            loader_version=str(self.loader.version),
            due=str(first.due),
            reason=judging.reason(self.loader, self.page, first),
            restricted=self._is_restricted(due),
            fingerprint=only if len(members) == 1 else fingerprints.digest(members),
            touch=self._touch(key),
            members=members,
        )

    @cached_property
    def _reads_restricted(self) -> bool:
        return restriction.reads_restricted(self.loader, self.page.store.shapes)

    def _is_restricted(self, indexes: list[int]) -> bool:
        return self._reads_restricted or any(
            restriction.touches_restricted(self.page, index, self.loader.reads) for index in indexes
        )

    def _proposal(self, gist: Gist, due: list[Judgement]) -> Proposal:
        indexes = [judgement.index for judgement in due]
        part = self.page.only(*(self.page.names[index] for index in indexes))
        rerun = gist.due == DueReason.CHANGED
        return Proposal(
            **{name: getattr(gist, name) for name in Gist.__dataclass_fields__},
            analysis=self.loader.analysis,
            output_key=self.loader.output_key(),
            output=evidence.output_state(self.gatherer, self.loader, part) if rerun else "",
            config=self._config(indexes),
            receipt=self._receipt(gist, due),
            records=self._records(indexes),
        )

    def _config(self, indexes: list[int]) -> dict[str, Any]:
        configs = [self.loader.config(self.page, index) for index in indexes]
        inputs = dict.fromkeys(name for config in configs for name in config.inputs)
        return {"inputs": list(inputs), "params": dict(configs[0].params)}

    def _receipt(self, gist: Gist, due: list[Judgement]) -> dict[str, Any]:
        trees = {
            judgement.anchor: {
                question: finding.as_json()
                for question, finding in self.loader.explain(self.page, judgement.index).items()
            }
            for judgement in due[:SHOWN]
        }
        return {
            "loader": self.loader.spelling(),
            "version": gist.loader_version,
            "fingerprint": gist.fingerprint,
            "judged_at": self.page.now.isoformat(),
            "anchors": trees,
            "inputs": {
                judgement.anchor: fingerprints.gathered(self.page, judgement.index, self.loader.inputs)
                for judgement in due[:SHOWN]
            },
        }

    def _records(self, indexes: list[int]) -> list[str]:
        read = {
            f"{model}/{name}"
            for index in indexes
            for model, name in fingerprints.records_read(
                self.page.only(self.page.names[index]), self.loader.reads
            )
        }
        return sorted(read)

    def _ending(self, judgements: list[Judgement]) -> str:
        by_verdict = {judgement.verdict: judgement for judgement in reversed(judgements)}
        if Verdict.IN_PROGRESS in by_verdict:
            return "A request for it is open."
        if Verdict.FRESH in by_verdict:
            return OUTPUT_APPEARED
        return f"No longer ready. {judging.reason(self.loader, self.page, judgements[0])}"

    def _notice(self, draft: Draft) -> None:
        """What else the page tells: outputs of open requests, and verdicts that time alone will change."""
        busy = [found.anchor for found in draft.judgements if found.verdict is Verdict.IN_PROGRESS]
        made = self.loader.outputs.judge(self.page.only(*busy)) if busy else []
        draft.made = [anchor for anchor, there in zip(busy, made, strict=True) if there]
        columns = (
            [check.ripens(self.page) for check in self.loader.checks.values()] if self.loader.is_timed else []
        )
        for column in columns:
            for name, at in zip(self.page.names, column, strict=True):
                if at is not None:
                    draft.ripens[name] = min(at, draft.ripens.get(name, at))


def plain(gist: Gist) -> dict[str, Any]:
    """A gist or proposal as JSON values."""
    return asdict(gist)
