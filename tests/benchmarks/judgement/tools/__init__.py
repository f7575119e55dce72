"""Rules that others have published, restated over stored runs; one file a tool, each with a ``JUDGE``."""

from __future__ import annotations

import importlib
import pkgutil

from tests.benchmarks.judgement.judge import Judge


def judges() -> list[Judge]:
    """The judges in this folder, by file name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [module.JUDGE for module in modules if hasattr(module, "JUDGE")]
