"""Who plays: the warehouse, web, worker and beat as processes; the people and the analyst as clients."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from magma.demo import tokens
from polyphemus_site.demo import secrets
from polyphemus_site.demo.narration import Narrator
from polyphemus_site.demo.processes import Process, Stage, free_port
from polyphemus_site.demo.web import Person

PROJECT = "dt_lung"
REQUESTER = "dr.who@ucsf.edu"
CURATOR = "curator@ucsf.edu"
ANALYST = "saurabh.asthana@ucsf.edu"
READY_SECONDS = 40.0
WEB_PORT = 8000
HERE = Path(sys.executable).parent
PIPELINE = f"{sys.executable} -m magma.demo.exome_pipe {{config}}"
