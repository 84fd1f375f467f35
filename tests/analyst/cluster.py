"""A real SLURM of one node, on ports of its own: munged, slurmctld and slurmd from Debian's packages."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.analyst.waiting import eventually
from tests.system_packages import program

CONFIG = """
ClusterName=polyphemus
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""


@contextmanager
def cluster() -> Iterator[Path]:
    """A running cluster; the path of its configuration."""
    programs = [program("munged", package="munge"), program("slurmctld", package="slurmctld")]
    programs.append(program("slurmd", package="slurmd"))
    sbatch = program("sbatch", package="slurm-client")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as stack:
            _start(stack, folder, *programs)
            sinfo = [sbatch.replace("sbatch", "sinfo"), "--noheader", "--format", "%T"]
            eventually(lambda: "idle" in _answer(sinfo, folder), "the cluster is idle")
            yield folder / "slurm.conf"
    finally:
        shutil.rmtree(folder)


def _start(stack: ExitStack, folder: Path, munged: str, slurmctld: str, slurmd: str) -> None:
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key").chmod(0o600)
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    host = socket.gethostname().partition(".")[0]
    (folder / "slurm.conf").write_text(CONFIG.format(host=host, folder=folder, ports=_free_ports()))
    files = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munged.pid"}
    files |= {"log-file": "munged.log", "seed-file": "munge.seed"}
    options = [f"--{name}={folder / file}" for name, file in files.items()]
    stack.enter_context(_daemon([munged, "--force", "--foreground", *options], folder))
    eventually((folder / "munge.socket").exists, "munge listens")
    stack.enter_context(_daemon([slurmctld, "-D"], folder))
    stack.enter_context(_daemon([slurmd, "-D"], folder))


@contextmanager
def _daemon(command: list[str], folder: Path) -> Iterator[None]:
    child = subprocess.Popen(  # noqa: S603 — Debian's programs
        command, env=_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait()


def _answer(command: list[str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 — Debian's programs
        command, env=_environment(folder), capture_output=True, text=True, check=False
    )
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}


def _free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], other.getsockname()[1]]
