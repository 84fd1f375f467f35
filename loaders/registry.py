"""Which loaders there are: the library's, those installed as packages, those written as YAML files.

An entry that can't be loaded costs itself only; it is kept, with its cause, for the operator to see.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from loaders.declared import read
from loaders.errors import MisspeltLoaderError, UnknownLoaderError, told
from loaders.library.bulk_rna_seq.loader import BulkRnaSeq
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.library.flowjo_populations.loader import FlowjoPopulations
from loaders.library.metis_link.loader import MetisLink
from loaders.library.redcap.loader import Redcap
from loaders.library.rna_seq_matrix.loader import RnaSeqMatrix
from loaders.library.sc_process.loader import ScProcess
from loaders.library.table_load.loader import TableLoad
from loaders.library.verify_md5.loader import VerifyMd5
from loaders.limits import in_time
from loaders.loader import Loader
from loaders.soundness import ensure_sound

logger = logging.getLogger(__name__)

#: The loaders that come with Polyphemus.
LIBRARY: tuple[type[Loader], ...] = (
    ExomePipe,
    BulkRnaSeq,
    RnaSeqMatrix,
    ScProcess,
    FlowjoPopulations,
    VerifyMd5,
    MetisLink,
    TableLoad,
    Redcap,
)
#: How long a package may take to be read and to make its loader: the program that starts waits for it.
SECONDS_TO_READ = 15
#: The entry point group a lab's package uses.
GROUP = "polyphemus.loaders"


@dataclass(frozen=True)
class Broken:
    """A loader that can't be used, where it came from and why."""

    source: str
    cause: str


@dataclass
class Registry:
    """Loaders by name, and those that could not be loaded."""

    loaders: dict[str, Loader] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def add(self, source: str, make: Callable[[], Loader]) -> None:
        """Register what `make` gives; a failure is noted, not raised."""
        try:
            with redirect_stdout(sys.stderr):  # what a module prints is no part of a command's answer
                loader = in_time(SECONDS_TO_READ, partial(_sound, make, self.loaders.keys()))
        except Exception as error:  # noqa: BLE001 — a lab's module may do anything when it is read
            self.broken.append(Broken(source, told(error)))
        else:
            self.loaders[loader.name] = loader

    def get(self, name: str) -> Loader:
        """The loader of that name; UnknownLoaderError when there is none."""
        try:
            return self.loaders[name]
        except KeyError:
            raise UnknownLoaderError(
                _("There is no loader %(name)r; there are %(known)s.")
                % {"name": name, "known": ", ".join(sorted(self.loaders))}
            ) from None

    def __iter__(self) -> Iterator[Loader]:
        """Every loader."""
        return iter(self.loaders.values())


def built() -> Registry:
    """A registry of everything that is there now."""
    registry = Registry()
    for kind in LIBRARY:
        registry.add(f"library {kind.__name__}", kind)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        registry.add(f"package {point.value}", partial(_installed, point))
    try:
        for path in yaml_files():
            registry.add(f"file {path.name}", partial(read, path))
    except OSError as error:
        registry.broken.append(Broken("POLYPHEMUS_LOADER_PATH", str(error)))
    return registry


def _sound(make: Callable[[], Loader], taken: Iterable[str]) -> Loader:
    """What `make` gives, where it can be used; all of this may be a lab's own code."""
    loader = make()
    ensure_sound(loader, taken=taken)
    return loader


def _installed(point: EntryPoint) -> Loader:
    kind = point.load()
    loader = kind() if isinstance(kind, type) else kind
    if not isinstance(loader, Loader):
        raise MisspeltLoaderError(f"{point.value} is no Loader.")
    return loader


def yaml_files() -> list[Path]:
    """The files of POLYPHEMUS_LOADER_PATH, by name; none when it is unset."""
    if not settings.POLYPHEMUS_LOADER_PATH:
        return []
    folder = Path(settings.POLYPHEMUS_LOADER_PATH)
    return sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})


@lru_cache(maxsize=1)
def current() -> Registry:
    """The registry this program runs with, fixed at its first use."""
    return built()


def read_at_start() -> None:
    """Read the loaders when a program starts that stays up, and log those that can't be used."""
    for broken in current().broken:
        logger.warning("%s can't be used: %s", broken.source, broken.cause)
