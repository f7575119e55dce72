"""A module that can be called: ``diagnostics.pages.run_page`` is the function also once the module of that name was imported."""

from __future__ import annotations

import sys
from types import ModuleType


def make_callable(module: str) -> None:
    """Let a module be called like the function in it that has the module's name.

    Args:
        module: its ``__name__``. A module that is run as a program has no such function, and stays as it is.
    """
    sys.modules[module].__class__ = _Callable


class _Callable(ModuleType):
    def __call__(self, *args: object, **options: object) -> object:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **options)
