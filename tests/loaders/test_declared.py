"""Loaders as YAML: the same objects, or a refusal that says what makes no sense."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from pytest_django import Settings

from loaders import registry
from loaders.checks import Files, Mates, OneOf, Present
from loaders.declared import Spelling, parsed
from loaders.errors import MisspeltLoaderError
from loaders.judging import Past, judge
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Loader
from loaders.pages import Page, Store
from tests.loaders.pages import NORMAL, NOW, SHAPES, TUMOR, exomes

SAID = """
name: exome_by_hand
model: patient
analysis: exome_pipe
scope: {check: linked, path: sample.exome}
needs:
  check: named
  label: fastqs
  whom: the sequencing core
  inner: {check: linked, path: sample.exome, where: {check: files, attribute: raw_fastqs}}
inputs: [sample.exome.raw_fastqs]
outputs: {check: linked, path: sample.exome, every: {check: files, attribute: vcf}}
config:
  inputs: sample.exome
  params: {physician: {from: physician}, genome: GRCh38}
"""


def test_it_judges_as_its_python_twin_would() -> None:
    page = exomes(TUMOR, NORMAL)

    (judgement,) = judge(parsed(SAID), page, Past())

    assert (judgement.verdict, judgement.due) == ("due", "missing")


def test_its_prefill_takes_records_and_values() -> None:
    page = exomes(TUMOR, NORMAL)
    document = {**page.store.documents["patient"]["DTL001"], "physician": "Dr. A"}
    documents = {**page.store.documents, "patient": {"DTL001": document}}

    config = parsed(SAID).config(Page("patient", ("DTL001",), Store(SHAPES, documents, NOW)), 0)

    assert config.inputs == ("DTL001.T1.exome", "DTL001.N1.exome")
    assert config.params == {"physician": "Dr. A", "genome": "GRCh38"}


def test_it_reads_what_its_prefill_takes() -> None:
    assert {"physician", "sample.exome.::identifier"} <= parsed(SAID).reads


def test_a_loader_spelled_out_and_read_again_judges_alike() -> None:
    said = yaml.safe_dump(ExomePipe().spelling)

    again = parsed(said)

    assert again.spelling == ExomePipe().spelling
    assert again.fingerprint(exomes(TUMOR, NORMAL), 0) == ExomePipe().fingerprint(exomes(TUMOR, NORMAL), 0)


EVERYTHING = """
name: counts_again
version: 3
title: Gene counts, again
author: author@ucsf.edu
model: rna_seq
analysis: rna_seq
projects: [ipi, dt_lung]
everywhere: true
scope: {check: present, attribute: sample}
needs: {check: files, attribute: raw_fastqs}
wellformed: {check: mates, attribute: raw_fastqs}
inputs: [raw_fastqs]
outputs: {check: present, attribute: gene_counts}
every_hours: 12
batch_by: sample
shadow_of: counts
ready: The fastqs are there
lacking: no counts yet
changed: the fastqs are others
"""


def test_whatever_a_loader_in_python_can_say_one_in_yaml_says_as_well() -> None:
    class Twin(Loader):
        name, version, title, author = "counts_again", "3", "Gene counts, again", "author@ucsf.edu"
        model, analysis, projects, everywhere = "rna_seq", "rna_seq", ("ipi", "dt_lung"), True
        scope, needs, wellformed = Present("sample"), Files("raw_fastqs"), Mates("raw_fastqs")
        inputs, outputs = ("raw_fastqs",), Present("gene_counts")
        every_hours, batch_by, shadow_of = 12, "sample", "counts"
        ready, lacking, changed = "The fastqs are there", "no counts yet", "the fastqs are others"

    loader = parsed(EVERYTHING)

    assert loader.spelling == Twin().spelling
    assert loader.spelling.keys() >= {field.name for field in msgspec.structs.fields(Spelling)} - {"config"}
    assert parsed(yaml.safe_dump(loader.spelling)).spelling == loader.spelling


def test_what_reads_as_a_word_stays_a_word() -> None:
    said = SAID.replace(
        "genome: GRCh38", "genome: GRCh38, on: {from: physician}, lanes: 010, when: 2026-05-01"
    )
    scope = "scope: {check: one_of, attribute: physician, values: [Yes, no, 12:30, true, 1e3, 7]}"

    loader = parsed(said.replace("scope: {check: linked, path: sample.exome}", scope))

    assert loader.scope == OneOf("physician", ("Yes", "no", "12:30", True, 1000.0, 7))
    assert loader.prefill.params["on"] == {"from": "physician"}
    assert (loader.prefill.params["lanes"], loader.prefill.params["when"]) == ("010", "2026-05-01")


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nname: [*b, *b]"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Expected `object`, got `null`"),
        ("[]", "got `array`"),
        ("name: x", "missing required field"),
        (SAID + "regexp: x\n", "unknown field `regexp`"),
        (SAID + "name: again\n", "Given twice: name"),
        (SAID.replace("check: files", "check: flies"), "There is no check 'flies'"),
        (SAID.replace("files, attribute: raw_fastqs", "custom, function: 'os:system'"), "runs code"),
        ("name: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        (BOMB, "Anchors and aliases"),
        ("name: [", "This is no loader"),
        ("{" * 5000, "This is no loader"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_cause(text: str, sentence: str) -> None:
    with pytest.raises(MisspeltLoaderError) as refusal:
        parsed(text)

    assert sentence in str(refusal.value)


def test_files_of_the_folder_are_registered_and_a_broken_one_costs_itself(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "good.yaml").write_text(SAID)
    (tmp_path / "worse.yaml").write_text("name: [")
    (tmp_path / "twice.yaml").write_text(SAID)
    settings.POLYPHEMUS_LOADER_PATH = str(tmp_path)

    built = registry.built()

    assert set(built.loaders) >= {"exome_pipe", "exome_by_hand"}
    assert [broken.source for broken in built.broken] == ["file twice.yaml", "file worse.yaml"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, settings: Settings) -> None:
    settings.POLYPHEMUS_LOADER_PATH = str(tmp_path / "nowhere")

    assert [broken.source for broken in registry.built().broken] == ["POLYPHEMUS_LOADER_PATH"]
