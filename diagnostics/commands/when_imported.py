"""Calls a function as soon as packages have been imported: so that a script decides when, and with which settings."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


@contextmanager
def when_imported(names: Sequence[str], call: Callable[[], None]) -> Iterator[None]:
    """Inside the ``with`` block, call once after all packages were imported; at once if they are there already.

    Args:
        names: packages that may import one another, in any order: the call waits until the outermost is whole.
        call: takes nothing; may import the packages.
    """
    if all(name in sys.modules for name in names):
        call()
        yield
        return
    finder = _Finder(frozenset(names), call)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        finder.leave()


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, names: frozenset[str], call: Callable[[], None]) -> None:
        self._names, self._call = names, call
        self._loading = 0

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The usual spec, with a loader that reports when the import ends."""
        spec = PathFinder.find_spec(fullname, path) if fullname in self._names else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)
        return spec

    def leave(self) -> None:
        """Stop observing imports."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Around the import of one of the packages."""
        self._loading += 1
        try:
            yield
        finally:
            self._loading -= 1
        if not self._loading and self in sys.meta_path and all(name in sys.modules for name in self._names):
            self.leave()
            self._call()


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, finder: _Finder) -> None:
        self._loader, self._finder = loader, finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Left to the package's own loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run by the package's own loader, which is put back first."""
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        with self._finder.loading():
            self._loader.exec_module(module)
