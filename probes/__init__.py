"""Probes: measure what happens inside a TensorFlow or Keras model during training, from inside the compiled step.

Each probe is in a file named after its class; a new file is found without being listed here.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

_HOME = {
    "Monitor": "monitor",
    "Probe": "probe",
    "Reading": "reading",
    "Sharpness": "sharpness",
    "Snapshot": "snapshot",
    "UsageError": "errors",
    "default": "defaults",
}


def _modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg]


def _class_name(module: str) -> str:
    return "".join(word.capitalize() for word in module.split("_"))


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that importing the package does not load TensorFlow."""
    homes = {_class_name(module): module for module in _modules()} | _HOME
    if name in homes:
        value = getattr(importlib.import_module(f"{__name__}.{homes[name]}"), name, None)
        if value is not None:
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def probe_names() -> list[str]:
    """The names of all probes, in alphabetical order."""
    from probes.probe import Probe  # noqa: PLC0415 - TensorFlow only when asked

    modules = (importlib.import_module(f"{__name__}.{module}") for module in _modules())
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return sorted(cls.__name__ for cls in classes if issubclass(cls, Probe) and not inspect.isabstract(cls))


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *probe_names()})
