"""Loaders written as YAML: a second spelling of the same objects, without any code in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import yaml

from loaders.checks import Check, from_json
from loaders.errors import MisspeltLoaderError
from loaders.loader import Config, Loader
from loaders.pages import Page
from loaders.shapes import Special

#: A loader is a page or two; what is larger is no loader.
LARGEST = 256 * 1024


class StrictLoader(yaml.SafeLoader):
    """YAML without surprises: no aliases, which can grow without end, no key twice, and words stay words.

    Unquoted `yes`, `no`, `on`, `off`, dates, `12:30` and `010` are truths, instants and other numbers to
    YAML 1.1, and text to whoever writes what Magma holds. Here they are text: decimal numbers, `true`,
    `false` and `null` alone are not.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases."""
        if self.check_event(yaml.AliasEvent):
            raise MisspeltLoaderError("Anchors and aliases (& and *) are not for loaders.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 — PyYAML's signature
        """Refuse a key given twice."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := {str(key) for key in keys if keys.count(key) > 1}:
            raise MisspeltLoaderError(f"Given twice: {', '.join(sorted(twice))}.")
        return super().construct_mapping(node, deep)


#: All that is no text when it isn't quoted: less than YAML 1.2's core schema, which knows `010` and `0x1F`.
PLAIN = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
)
StrictLoader.yaml_implicit_resolvers = {}
for kind, plain, starts in PLAIN:
    StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(rf"(?:{plain})\Z"), starts)


class Prefill(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a request starts from: the records at a path, and params; `{from: path}` takes a value."""

    inputs: str = Special.IDENTIFIER.value
    params: dict[str, Any] = {}


class Spelling(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a YAML loader may say."""

    name: str
    model: str
    analysis: str
    outputs: dict[str, Any]
    version: str | int = "1"
    title: str = ""
    author: str = ""
    projects: tuple[str, ...] = ()
    everywhere: bool = False
    scope: dict[str, Any] | None = None
    needs: dict[str, Any] | None = None
    wellformed: dict[str, Any] | None = None
    inputs: tuple[str, ...] = ()
    every_hours: int = 0
    batch_by: str = ""
    ready: str | None = None
    lacking: str | None = None
    changed: str | None = None
    shadow_of: str = ""
    config: Prefill = Prefill()


class DeclaredLoader(Loader):
    """A loader as its spelling has it."""

    def __init__(self, spelling: Spelling) -> None:
        """Build its checks; MisspeltLoaderError says which makes no sense."""
        self.name, self.version, self.title = spelling.name, str(spelling.version), spelling.title
        self.author = spelling.author
        self.model, self.analysis, self.projects = spelling.model, spelling.analysis, spelling.projects
        self.everywhere, self.every_hours = spelling.everywhere, spelling.every_hours
        self.inputs, self.batch_by = spelling.inputs, spelling.batch_by
        self.shadow_of = spelling.shadow_of
        self.scope, self.needs = _check(spelling.scope), _check(spelling.needs)
        self.wellformed, self.outputs = _check(spelling.wellformed), from_json(spelling.outputs)
        for half in ("ready", "lacking", "changed"):
            if said := getattr(spelling, half):
                setattr(self, half, said)
        self.prefill = spelling.config
        self.config_reads = _reads(spelling.config)

    @cached_property
    def spelling(self) -> dict[str, Any]:
        """With its prefill."""
        prefill = msgspec.to_builtins(self.prefill)
        default = msgspec.to_builtins(Prefill())
        said = {key: value for key, value in prefill.items() if value != default[key]}
        return super().spelling | ({"config": said} if said else {})

    def config(self, page: Page, index: int) -> Config:
        """The records at the path, and the params with their values filled in."""
        one = page.only(page.names[index])
        inputs = (
            one.names if self.prefill.inputs == Special.IDENTIFIER else one.linked(self.prefill.inputs)[0]
        )
        params = {
            key: one.values(path)[0] if (path := _source(value)) else value
            for key, value in self.prefill.params.items()
        }
        return Config(inputs=tuple(inputs), params=params)


def _source(value: Any) -> str:
    """The path of `{from: path}`; "" for a plain value."""
    return str(value["from"]) if isinstance(value, Mapping) and set(value) == {"from"} else ""


def _reads(prefill: Prefill) -> frozenset[str]:
    values = set(filter(None, map(_source, prefill.params.values())))
    is_anchor = prefill.inputs == Special.IDENTIFIER
    return frozenset(values if is_anchor else values | {f"{prefill.inputs}.{Special.IDENTIFIER}"})


def _check(form: dict[str, Any] | None) -> Check | None:
    return None if form is None else from_json(form)


def read(path: Path) -> DeclaredLoader:
    """The loader a file spells; MisspeltLoaderError when it makes no sense."""
    text = path.read_bytes()
    if len(text) > LARGEST:
        raise MisspeltLoaderError(f"A loader of {len(text)} bytes is too large.")
    return parsed(text)


def parsed(text: bytes | str) -> DeclaredLoader:
    """The loader a text spells."""
    try:
        form = yaml.load(text, StrictLoader)  # noqa: S506 — StrictLoader is a SafeLoader, narrowed further
        spelling = msgspec.convert(form, Spelling)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise MisspeltLoaderError(f"This is no loader: {error}") from error
    return DeclaredLoader(spelling)
