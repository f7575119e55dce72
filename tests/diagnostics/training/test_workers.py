"""Workers wait for each other, and a cluster that never forms raises an error."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from subprocess import PIPE

import pytest

from diagnostics.training.workers import wait_for_workers
from probes import UsageError

WORKER = """
import socket, sys
from diagnostics.training.workers import wait_for_workers
wait_for_workers(60)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):  # as TensorFlow goes on answering on that port
    print("together", flush=True)
    sys.stdin.read()
"""


def free_addresses(count: int) -> list[str]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def task(addresses: list[str], index: int) -> str:
    jobs = {"chief": addresses[:1], "worker": addresses[1:]}
    return json.dumps({"cluster": jobs, "task": {"type": "worker" if index else "chief", "index": max(index - 1, 0)}})


def test_workers_that_start_one_after_the_other_meet():
    addresses = free_addresses(3)
    workers = []
    for index, address in enumerate(addresses):
        command = [sys.executable, "-c", WORKER, address.rpartition(":")[2]]
        environment = os.environ | {"TF_CONFIG": task(addresses, index)}
        workers.append(subprocess.Popen(command, env=environment, stdin=PIPE, stdout=PIPE, text=True))
        time.sleep(0.1)
    assert [worker.stdout.readline() for worker in workers] == ["together\n"] * 3
    assert [worker.communicate(timeout=60) and worker.returncode for worker in workers] == [0, 0, 0]


def test_a_worker_that_never_comes_is_named(monkeypatch):
    addresses = free_addresses(2)
    monkeypatch.setenv("TF_CONFIG", task(addresses, 0))
    with pytest.raises(UsageError, match=f"no answer from {addresses[1]} in 0.1 s"):
        wait_for_workers(0.1)


def test_a_port_that_is_taken_is_named(monkeypatch):
    addresses = free_addresses(2)
    monkeypatch.setenv("TF_CONFIG", task(addresses, 0))
    with (
        socket.create_server(("127.0.0.1", int(addresses[0].rpartition(":")[2]))),
        pytest.raises(UsageError, match="free port"),
    ):
        wait_for_workers(5)


@pytest.mark.parametrize("text", ["{", "[1]", '{"cluster": {"worker": ["a:1", "b:2"]}}',
                                  '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 7}}'])  # fmt: skip
def test_an_invalid_configuration_is_shown(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UsageError, match="TF_CONFIG"):
        wait_for_workers(1)


@pytest.mark.parametrize("text", ["", "{}", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'])
def test_a_single_worker_does_not_wait(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    wait_for_workers(0)
