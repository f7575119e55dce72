"""Listeners belong to a thread, and what is replaced stands exactly as long as anyone listens."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from probes.seams.listeners import Listeners, replaced


def greeter(**options):
    """An owner whose ``greet`` is reported to listeners, which are lists."""
    owner = SimpleNamespace(greet=lambda name: f"hello {name}")

    def reporting(original):
        def greet(name):
            for heard in listeners.here():
                heard.append(name)
            return original(name)

        return greet

    listeners = Listeners[list](lambda: replaced(owner, "greet", reporting), **options)
    return owner, listeners


def test_the_original_comes_back_with_the_last_listener():
    owner, listeners = greeter()
    original, first, second = owner.greet, [], []
    with listeners.added(first):
        with listeners.added(second):
            assert owner.greet("a") == "hello a"
        assert owner.greet is not original
        owner.greet("b")
    assert owner.greet is original
    assert (first, second) == (["a", "b"], ["a"])


def test_the_original_comes_back_after_an_exception():
    owner, listeners = greeter()
    original = owner.greet
    with pytest.raises(KeyError), listeners.added([]):
        raise KeyError
    assert owner.greet is original


def test_other_threads_are_not_reported():
    owner, listeners = greeter()
    here, there = [], []

    def other():
        owner.greet("unheard")
        with listeners.added(there):
            owner.greet("b")

    with listeners.added(here):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        owner.greet("a")
    assert (here, there) == (["a"], ["b"])


def test_while_muted_only_new_listeners_hear():
    owner, listeners = greeter()
    before, inside = [], []
    with listeners.added(before):
        with listeners.muted():
            owner.greet("a")
            with listeners.added(inside):
                owner.greet("b")
        owner.greet("c")
    assert (before, inside) == (["c"], ["b"])


def test_each_place_has_an_installation_of_its_own():
    place, installed = ["one"], []

    class Installation:
        def __enter__(self):
            self.place = place[0]
            installed.append(self.place)

        def __exit__(self, *_):
            installed.remove(self.place)

    listeners = Listeners[int](Installation, lambda: place[0])
    with listeners.added(1):
        place[0] = "two"
        with listeners.added(2), listeners.added(3):
            assert installed == ["one", "two"]
        assert installed == ["one"]
    assert installed == []


def test_an_installation_that_fails_counts_nobody():
    attempts = []

    def refused():
        attempts.append(1)
        raise OSError

    listeners = Listeners[int](refused)
    for _ in range(2):
        with pytest.raises(OSError), listeners.added(1):
            pass
    assert len(attempts) == 2
    assert listeners.here() == ()
