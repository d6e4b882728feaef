"""Start a few processes of one script, and leave none behind."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class NotPossible(RuntimeError):
    """The processes could not do their work here; the message says why in one line."""


# What every process runs first: a group of processes that meet in a file and talk over 127.0.0.1 only.
PREAMBLE = """
import json, sys
from datetime import timedelta
import torch
import torch.distributed as dist
torch.set_num_threads(1)
rank, world, meeting, seconds = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
limit = timedelta(seconds=seconds)
def join():
    dist.init_process_group("gloo", store=dist.FileStore(meeting, world), rank=rank, world_size=world, timeout=limit)
def report(value):
    print(json.dumps(value), flush=True)
"""


def run_processes(source: str, processes: int = 2, *, seconds: float = 120.0) -> list:
    """Run `source` in so many Python processes and return what each of them reported.

    The source finds `rank` (0, 1, ...), `world` (the number of processes), torch, `dist` (torch.distributed),
    `join()`, which makes the processes one gloo group, and `report(value)`, to be called once with something that JSON
    can hold. All processes have ended when this returns, whatever happens.

    Raises:
        NotPossible: torch has no gloo, a process failed, or they took longer than `seconds`.
    """
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_gloo_available()):
        raise NotPossible("this build of torch has no gloo backend")
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), None)
    environment = {**os.environ, **({"GLOO_SOCKET_IFNAME": loopback} if loopback else {})}
    deadline = time.monotonic() + seconds
    started: list[subprocess.Popen] = []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "worker.py")
        script.write_text(PREAMBLE + source, encoding="utf-8")
        try:
            for rank in range(processes):
                command = [sys.executable, str(script), *map(str, (rank, processes, Path(folder, "meeting"), seconds))]
                outputs = [Path(folder, f"{kind}{rank}") for kind in ("out", "err")]
                with outputs[0].open("w") as out, outputs[1].open("w") as err:
                    started.append(subprocess.Popen(command, stdout=out, stderr=err, env=environment))
            while any(process.poll() is None for process in started):
                failed = [rank for rank, process in enumerate(started) if process.poll()]
                if failed or time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            for rank, process in enumerate(started):
                if process.poll():
                    lines = Path(folder, f"err{rank}").read_text(encoding="utf-8").strip().splitlines()
                    raise NotPossible(f"process {rank} failed: {lines[-1] if lines else process.returncode}")
            if any(process.poll() is None for process in started):
                raise NotPossible(f"the processes did not finish within {seconds:g} seconds")
            return [json.loads(Path(folder, f"out{rank}").read_text(encoding="utf-8")) for rank in range(processes)]
        except (OSError, ValueError) as error:
            raise NotPossible(f"the processes could not be run: {error}") from None
        finally:
            for process in started:
                process.kill()
                process.wait()
