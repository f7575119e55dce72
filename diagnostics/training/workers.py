"""Waits until all workers of a cluster have started, because TensorFlow itself waits forever and ignores signals."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from probes.errors import UsageError

PATIENCE = 300.0
"""Seconds: machines of a cluster may start minutes apart, for instance while they load container images."""

PAUSE = 0.2
"""Seconds between two attempts to reach a worker."""


def wait_for_workers(patience: float = PATIENCE) -> None:
    """Wait until every worker that ``TF_CONFIG`` names has been started.

    Call it in every worker, before ``tf.distribute.MultiWorkerMirroredStrategy()``. It returns at once without
    ``TF_CONFIG`` or with a single worker.

    Args:
        patience: seconds to wait for the last worker.

    Raises:
        UsageError: ``TF_CONFIG`` cannot be read, this worker's port is in use, or some workers do not answer in time.
    """
    addresses, own = _cluster()
    missing = [address for address in addresses if address != own]
    if not missing:
        return
    deadline = time.monotonic() + patience
    with _answering(own):
        while missing := [address for address in missing if not _answers(address)]:
            if time.monotonic() > deadline:
                got = f"no answer from {', '.join(missing)} in {patience:g} s ({len(addresses)} workers in all)"
                raise _misuse(got, "start every worker, and check that this machine reaches these addresses")
            time.sleep(PAUSE)


def _cluster() -> tuple[list[str], str]:
    """The addresses of all workers, and that of this one."""
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        config = json.loads(text)
        jobs, task = config.get("cluster", {}), config.get("task", {})
        addresses = [address for job in ("chief", "worker") for address in jobs.get(job, [])]
        return addresses, jobs[task["type"]][int(task["index"])] if addresses else ""
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        do = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        raise _misuse(text, f"write it as {do}") from error


@contextmanager
def _answering(own: str) -> Iterator[None]:
    """Listen on the port that TensorFlow will use, so that the other workers see that this one has started."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", int(own.rpartition(":")[2])))
        except (OSError, ValueError) as error:
            raise _misuse(f"{own}: {error}", "give this worker a free port") from error
        listener.listen()
        yield


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _misuse(got: str, do: str) -> UsageError:
    return UsageError(what="the cluster does not form", where="TF_CONFIG", got=got, do=do)
