"""From a page to what should stand: judges it by one loader and drafts its suggestions. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import msgspec
from django.utils.translation import gettext_noop as _

from loaders import evidence, fingerprints, judging, restriction
from loaders.drafts import Draft, Gist, Known, Proposal, Retouch
from loaders.errors import LoaderError
from loaders.gathering import Gatherer
from loaders.judging import Judgement, Past, Verdicts
from loaders.kinds import Kinds
from loaders.loader import Loader
from loaders.names import is_kept
from loaders.pages import Page, as_names
from loaders.sights import Sights, digest_of
from loaders.states import DueReason, Verdict
from polyphemus_site.sentences import Sentence

#: How many members of a batch a receipt shows in full.
SHOWN = 100
OUTPUT_APPEARED = Sentence(_("The output appeared."))
AS_BEFORE = Sentence(_("The inputs are again as at the last completed request."))
MOVED = Sentence(_("Its records belong elsewhere now."))
RESTRICTED = Sentence(_("No longer ready; why is restricted."))


@dataclass(frozen=True)
class Bench:
    """One loader at work on one page, knowing what was suggested and requested before."""

    gatherer: Gatherer
    loader: Loader
    page: Page
    past: Past
    #: Anchor or batch -> the latest suggestion there is for it.
    known: Mapping[str, Known]
    #: The anchors as they were sorted for all loaders of the page.
    kinds: Kinds | None = None

    def verdicts(self) -> Verdicts:
        """Judge."""
        return judging.verdicts(self.loader, self.page, self.past, self.fingerprints, self.kinds)

    def draft(self, judged: Verdicts) -> Draft:
        """Compare with what stands."""
        draft = Draft(counts=judged.counts)
        due = self._due(judged)
        self._propose(draft, {key: members for key, members in due.items() if not self._stands(key, members)})
        draft.close = {
            key: self._ending(known, [judged.at(index) for index in self.groups.get(key, ())])
            for key, known in self.known.items()
            if known.stands and key not in due
        }
        self._notice(draft, judged)
        return draft

    def _due(self, judged: Verdicts) -> dict[str, list[Judgement]]:
        due: dict[str, list[Judgement]] = {}
        for index in sorted(judged.due):
            due.setdefault(self.keys[index], []).append(judged.at(index))
        return due

    @cached_property
    def keys(self) -> Sequence[str]:
        """For each anchor what its suggestion is filed under: its batch, or its own name."""
        if not self.loader.batch_by:
            return self.page.names
        shared = self.page.values(self.loader.batch_by)
        named = [next(filter(is_kept, as_names(value)), "") for value in shared]
        return [name or own for name, own in zip(named, self.page.names, strict=True)]

    @cached_property
    def groups(self) -> dict[str, list[int]]:
        """Key -> the anchors filed under it."""
        if not self.loader.batch_by:
            return self.page.alone
        groups: dict[str, list[int]] = {}
        for index, key in enumerate(self.keys):
            groups.setdefault(key, []).append(index)
        return groups

    @cached_property
    def sights(self) -> Sights:
        """The records behind the anchors."""
        return Sights.of(self.page, self.loader.links)

    def fingerprints(self, indexes: Sequence[int]) -> dict[int, str]:
        """The anchors' fingerprints; files are asked after only where something was written since."""
        known = {index: self._remembered(index) for index in indexes}
        if unknown := [index for index, mark in known.items() if not mark]:
            whole = self.gatherer.with_digests(self.page, unknown, self.loader.inputs)
            known |= {index: self.loader.fingerprint(whole, index) for index in unknown}
        return known

    def unknown(self, indexes: Iterable[int]) -> list[int]:
        """Those of these whose fingerprints aren't remembered from the same writes."""
        return [index for index in indexes if not self._remembered(index)]

    def _remembered(self, index: int) -> str:
        known = self.known.get(self.keys[index])
        if known is None or known.gist.loader_version != self._version:
            return ""
        if not self.loader.is_settled_by_inputs:
            return ""
        touch = self._touch(self.keys[index])
        return known.gist.members.get(self.page.names[index], "") if touch == known.gist.touch != "" else ""

    def _touch(self, key: str) -> str:
        if key not in self._touches:
            touch = digest_of([self.sights.touch(index) for index in self.groups[key]])
            self._touches[key] = touch and sha256(f"{self.loader.mark}{touch}".encode()).hexdigest()
        return self._touches[key]

    @cached_property
    def _touches(self) -> dict[str, str]:
        return {}

    def _stands(self, key: str, due: list[Judgement]) -> bool:
        """Whether a suggestion stands already that was drawn from the very same writes."""
        known = self.known.get(key)
        return (
            known is not None
            and known.stands
            and self.loader.is_settled_by_inputs
            and known.gist.touch == self._touch(key) != ""
            and known.gist.due == due[0].due
            and known.gist.loader_version == self._version
            and known.gist.members.keys() == {judgement.anchor for judgement in due}
            and known.gist.reason == self._reason(due[0])
            and known.gist.restricted == self._is_restricted(due)
        )

    def _propose(self, draft: Draft, due: Mapping[str, list[Judgement]]) -> None:
        marks = self.fingerprints([judgement.index for members in due.values() for judgement in members])
        for key, members in due.items():
            known = self.known.get(key)
            gist = self._gist(key, members, marks)
            if not known or not known.stands:
                draft.open.append(self._proposal(gist, members))
            elif not known.says(gist):
                draft.refresh.append(self._proposal(gist, members))
            elif known.gist.touch != gist.touch:
                draft.retouch.append(self._retouch(known.pk, gist, members))

    def _gist(self, key: str, due: list[Judgement], marks: Mapping[int, str]) -> Gist:
        members = {judgement.anchor: marks[judgement.index] for judgement in due}
        only = next(iter(members.values()))
        return Gist(
            anchor=key,
            loader_version=self._version,
            due=str(due[0].due),
            reason=self._reason(due[0]),
            restricted=self._is_restricted(due),
            fingerprint=only if len(members) == 1 else fingerprints.digest(members),
            touch=self._touch(key),
            members=members,
        )

    @cached_property
    def _version(self) -> str:
        return str(self.loader.version)

    def _reason(self, judgement: Judgement) -> str:
        """The reason of one that is due, which is that of all that are due so."""
        why = judgement.due
        if why not in self._reasons:
            self._reasons[why] = judging.reason(self.loader, self.page, judgement)
        return self._reasons[why]

    @cached_property
    def _reasons(self) -> dict[DueReason | None, str]:
        return {}

    @cached_property
    def _reads_restricted(self) -> bool:
        return restriction.reads_restricted(self.loader, self.page.store.shapes)

    def _is_restricted(self, due: Sequence[Judgement]) -> bool:
        return self._reads_restricted or any(self.sights.restricted[judgement.index] for judgement in due)

    def _proposal(self, gist: Gist, due: list[Judgement]) -> Proposal:
        return Proposal(
            **msgspec.structs.asdict(gist),
            receipt=self._receipt(gist, due),
            **self._footing(due),
        )

    def _retouch(self, pk: int, gist: Gist, due: list[Judgement]) -> Retouch:
        return Retouch(id=pk, touch=gist.touch, **self._footing(due))

    def _footing(self, due: list[Judgement]) -> dict[str, Any]:
        return {
            "analysis": self.loader.analysis,
            "output_key": self.loader.output_key,
            "output": self._output(due) if due[0].due == DueReason.CHANGED else "",
            "config": self._config(due),
            "records": self._records(due),
        }

    def _output(self, due: list[Judgement]) -> str:
        part = self.page.only(*(judgement.anchor for judgement in due))
        return evidence.output_state(self.gatherer, self.loader, part)

    def _config(self, due: list[Judgement]) -> dict[str, Any]:
        configs = [self.loader.config(self.page, judgement.index) for judgement in due]
        inputs = dict.fromkeys(str(name) for one in configs for name in one.inputs)
        config: dict[str, Any] = {"inputs": list(inputs), "params": dict(configs[0].params)}
        if rows := [dict(row) for one in configs for row in one.rows]:
            config["rows"] = rows
        if rows or config["params"]:
            self._ensure_json(config, due[0].anchor)
        return config

    @staticmethod
    def _ensure_json(config: dict[str, Any], anchor: str) -> None:
        try:
            json.dumps(config, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise LoaderError(f"Its config for {anchor} is no JSON: {error}.") from error

    def _receipt(self, gist: Gist, due: list[Judgement]) -> msgspec.Raw:
        shown = due[:SHOWN]
        receipt = {
            "loader": self._spelling,
            "version": gist.loader_version,
            "fingerprint": gist.fingerprint,
            "judged_at": self._judged_at,
            "anchors": {one.anchor: self._tree(one) for one in shown},
            "inputs": {one.anchor: self._inputs(one) for one in shown},
        }
        return msgspec.Raw(msgspec.json.encode(receipt))

    @cached_property
    def _spelling(self) -> msgspec.Raw:
        return msgspec.Raw(msgspec.json.encode(self.loader.spelling))

    @cached_property
    def _judged_at(self) -> str:
        return self.page.now.isoformat()

    @cached_property
    def _covered(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.loader.inputs)))

    def _inputs(self, judgement: Judgement) -> msgspec.Raw:
        return msgspec.Raw(fingerprints.spelled(self.page, judgement.index, self._covered))

    def _tree(self, judgement: Judgement) -> dict[str, msgspec.Raw]:
        findings = self.loader.explain(self.page, judgement.index)
        return {question: finding.spelled for question, finding in findings.items()}

    def _records(self, due: list[Judgement]) -> list[str]:
        read = {record for judgement in due for record in self.sights.records[judgement.index]}
        return sorted(f"{model}/{name}" for model, name in read if is_kept(name))

    def _ending(self, known: Known, judgements: list[Judgement]) -> str:
        judgements = [one for one in judgements if one.anchor in known.gist.members] or judgements
        by_verdict = {judgement.verdict: judgement for judgement in reversed(judgements)}
        if Verdict.IN_PROGRESS in by_verdict:
            return Sentence(judging.PLAIN[Verdict.IN_PROGRESS])
        if Verdict.FRESH in by_verdict:
            return AS_BEFORE if known.gist.due == DueReason.CHANGED else OUTPUT_APPEARED
        if not judgements:
            return MOVED
        if self._is_restricted(judgements) and not known.gist.restricted:
            return RESTRICTED  # whoever could read the suggestion can read how it ended
        return Sentence(
            _("No longer ready. %(reason)s"), reason=judging.reason(self.loader, self.page, judgements[0])
        )

    def _notice(self, draft: Draft, judged: Verdicts) -> None:
        """What else the page tells: outputs of open requests, and verdicts that time alone will change."""
        busy = judged.anchors(Verdict.IN_PROGRESS) if self.past.in_progress else []
        made = self.loader.outputs.judge(self.page.only(*busy)) if busy else []
        draft.made = [anchor for anchor, there in zip(busy, made, strict=True) if there]
        timed = self.loader.checks.values() if self.loader.is_timed else ()
        for column in [check.ripens(self.page) for check in timed]:
            for name, at in zip(self.page.names, column, strict=True):
                if at is not None:
                    draft.ripens[name] = min(at, draft.ripens.get(name, at))
        if (turn := self.loader.next_turn(self.page.now)) is not None:
            waiting = (*judged.anchors(Verdict.FRESH), *judged.anchors(Verdict.DUE))
            draft.ripens |= {name: min(turn, draft.ripens.get(name, turn)) for name in waiting}
