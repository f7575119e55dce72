"""Makes again what was trained: from the record where Keras can do so safely, otherwise by a function of the user's."""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from diagnostics.runs.confined import check_no_link
from diagnostics.runs.flight import MODEL
from diagnostics.runs.json_value import Json
from diagnostics.training.flight.record import Record
from diagnostics.training.named import loss_of, optimizer_of
from probes.errors import UsageError

OWN_MODULES = ("keras", "builtins")
OF_TRAINER = 3


@dataclass(frozen=True)
class Program:
    """What a step is made of.

    Attributes:
        model: the model; compiled, if ``fit`` trained it.
        optimizer: its optimizer.
        loss: the loss, if `Trainer` trained it.
    """

    model: Any
    optimizer: Any
    loss: Any = None


def program_of(record: Record, build: str | None) -> Program:
    """The program of a record.

    Args:
        record: the record.
        build: ``file.py:function`` that makes it; ``None`` asks Keras, which runs no code of the record.

    Raises:
        UsageError: Keras cannot make it, or the function does not return it.
    """
    if build is not None:
        return _of_function(record, build)
    path = record.folder / MODEL
    if record.content["saved"].get("model") is None or not path.exists():
        raise _needs_build(record, str(record.content["saved"].get("reason", f"no {MODEL}")))
    check_no_link(path)
    try:
        _check_only_keras(_configs_in(path))
        model: Any = keras.saving.load_model(path, safe_mode=True)
        if record.content["loop"] == "fit":
            return Program(_compiled(record, model), model.optimizer)
        parts = record.content["parts"]
        _check_only_keras([parts])
        return Program(model, _made(parts.get("optimizer")), _loss(parts.get("loss")))
    except UsageError:
        raise
    except Exception as error:  # whatever Keras says to a class that it does not know
        raise _needs_build(record, f"{type(error).__name__}: {str(error)[:300]}") from error


def _compiled(record: Record, model: keras.Model) -> keras.Model:
    if getattr(model, "optimizer", None) is None:
        raise _needs_build(record, "a model that Keras has stored without its optimizer and loss")
    return model


def _made(config: Json) -> keras.optimizers.Optimizer:
    if config is None:
        raise ValueError("an optimizer that Keras cannot store")
    return optimizer_of(keras.saving.deserialize_keras_object(config, safe_mode=True))


def _loss(config: Json) -> Callable[..., tf.Tensor]:
    if config is None:
        raise ValueError("a loss that Keras cannot store")
    if isinstance(config, Mapping) and set(config) == {"named"}:
        return loss_of(config["named"])
    return loss_of(config if isinstance(config, str) else keras.saving.deserialize_keras_object(config, safe_mode=True))


def _configs_in(path: Path) -> list[Any]:
    with zipfile.ZipFile(path) as archive:
        return [json.loads(archive.read("config.json"))]


def _check_only_keras(configs: list[Any]) -> None:
    """Refuse a description that makes Keras import a module which is not its own.

    Raises:
        ValueError: it names one.
    """
    for each in _mappings(configs):
        module = each.get("module")
        registered = each.get("registered_name")
        foreign = isinstance(module, str) and module.partition(".")[0] not in OWN_MODULES
        code = each.get("class_name") in ("function", "__lambda__") or (module == "builtins")
        if foreign or code or (module is None and registered and "class_name" in each and "config" in each):
            raise ValueError(
                f"{each.get('registered_name') or each.get('class_name')!r:.80}, which is code of your own"
            )


def _mappings(value: Json) -> Iterator[Mapping[str, Any]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _of_function(record: Record, build: str) -> Program:
    made = _function(build)()
    parts: tuple[Any, ...] = made if isinstance(made, tuple) else (made,)
    trainer = record.content["loop"] == "trainer"
    if not isinstance(parts[0], keras.Model) or len(parts) != (OF_TRAINER if trainer else 1):
        raise UsageError(
            what="the function does not return what was trained",
            where=f"--build {build}",
            got=f"{type(made).__name__} {made!r:.80}",
            do="return (model, optimizer, loss)" if trainer else "return the compiled model",
        )
    if trainer:
        return Program(parts[0], optimizer_of(parts[1]), loss_of(parts[2]))
    return Program(_compiled(record, parts[0]), parts[0].optimizer)


def _function(build: str) -> Callable[..., object]:
    file, _, name = build.rpartition(":")
    path = Path(file)
    if not file or not path.is_file():
        do = "give --build file.py:function"
        raise UsageError(what="there is no such file", where="--build", got=repr(build), do=do)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.absolute()))
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        do = "name a function in it that takes no arguments"
        raise UsageError(
            what="there is no such function", where=f"--build {build}", got=f"no {name!r} in {file}", do=do
        )
    return found


def _needs_build(record: Record, got: str) -> UsageError:
    returns = "(model, optimizer, loss)" if record.content["loop"] == "trainer" else "the compiled model"
    return UsageError(
        what="the model cannot be made from the record alone, which holds no code",
        where=str(record.folder),
        got=got,
        do=f"write a function that returns {returns}, and name it: --build file.py:function",
    )
