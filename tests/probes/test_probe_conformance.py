"""What every probe in the package must satisfy; probes are found by walking the package."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import probes
from probes.merging import KINDS
from probes.probe import Probe
from probes.snapshot.snapshot import Need, Snapshot
from tests.kit.arrays import (
    BY_EXAMPLE,
    CONVOLUTION,
    DENSE,
    Arrays,
    assert_columns,
    changed,
    columns_of,
    measured,
    random_arrays,
    summarized,
    twin,
    windows,
)

PROBES = [getattr(probes, name)(every=1) for name in probes.probe_names()]
SHAPES = {
    "dense": {"shape": DENSE},
    "channels last": {"shape": CONVOLUTION},
    "channels first": {"shape": (3, 5, 4, 2), "unit_axis": 1},
    "sequence": {"shape": (3, 4, 5)},
}
every_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: type(probe).__name__)


@pytest.fixture(autouse=True)
def numpy_complains_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def own_columns(probe: Probe, arrays: Arrays, dtype=tf.float32) -> dict[str, float]:
    return summarized(probe, measured(probe, arrays, dtype))


def test_the_walk_finds_the_probes_and_only_probes():
    files = {file.stem for file in Path(probes.__file__).parent.glob("*.py")}
    with_probes = {type(probe).__module__.rpartition(".")[2] for probe in PROBES}
    assert {"gradient_norm", "activation_moments"} <= with_probes <= files
    assert {name for name in dir(probes) if name[0].isupper()} >= set(probes.probe_names())


def test_the_kit_fills_every_need_of_a_probe():
    assert {field.name for field in dataclasses.fields(Arrays)} - {"weights_after"} < {
        field.name for field in dataclasses.fields(Snapshot)
    }
    for need in typing.get_args(Need):
        assert random_arrays().snapshot().has(frozenset({need})), f"the kit has no {need}"


@every_probe
def test_each_probe_has_its_own_file_with_its_name(probe):
    name, module = type(probe).__name__, type(probe).__module__
    assert module == "probes." + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    members = vars(importlib.import_module(module)).values()
    here = [m for m in members if isinstance(m, type) and issubclass(m, Probe) and m.__module__ == module]
    assert here == [type(probe)]


@every_probe
def test_a_probe_is_a_frozen_dataclass_derived_from_abstract_classes_alone_and_equal_by_its_fields(probe):
    bases = type(probe).__mro__[1:]
    assert all(inspect.isabstract(base) for base in bases[: bases.index(Probe) + 1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        probe.every = 2
    assert probe == type(probe)(every=1) != type(probe)(every=2)
    assert hash(probe) == hash(type(probe)(every=1))
    assert eval(repr(probe), {type(probe).__name__: type(probe)}) == probe


@every_probe
def test_a_probe_declares_what_it_needs_merges_and_shows(probe):
    assert probe.needs and probe.needs <= set(typing.get_args(Need))
    statistics = measured(probe, random_arrays())
    assert set(statistics) == set(probe.merges)
    assert set(probe.merges.values()) <= set(KINDS)
    columns = columns_of(probe, {name: value.numpy()[None] for name, value in statistics.items()})
    assert tuple(columns) == probe.columns
    assert all(re.fullmatch("[a-z_]+", column) for column in probe.columns)


@every_probe
def test_the_docstring_has_formula_fields_columns_and_reference_in_order(probe):
    text = inspect.getdoc(type(probe)) or ""
    head, *sections = re.split(r"\n\n(?=Args:|Returns:|Raises:|References:)", text)
    assert [section.split(":")[0] for section in sections if not section.startswith("Raises")] == [
        "Args", "Returns", "References"
    ]  # fmt: skip
    assert re.search(r"\w = .*[√Σ‖/|²·−]", head), "no formula"
    assert head.splitlines()[0].endswith((".", "?"))
    for field in dataclasses.fields(probe):
        assert re.search(rf"^    {field.name}: ", sections[0], re.MULTILINE), f"field {field.name} is not in Args"
    for column in probe.columns:
        assert column in text, f"column {column} is not in the docstring"
    assert re.search(r"\b(19|20)\d\d\b", sections[-1]), "a reference has a year"


@every_probe
@pytest.mark.parametrize("shape", SHAPES)
def test_a_probe_agrees_with_its_slow_twin(probe, shape):
    arrays = random_arrays(1, **SHAPES[shape])
    assert_columns(own_columns(probe, arrays), twin(probe).columns([arrays]))


@every_probe
@pytest.mark.parametrize("shape", SHAPES)
def test_a_window_agrees_with_the_slow_twin_of_all_its_steps(probe, shape):
    steps = [random_arrays(seed, **SHAPES[shape]) for seed in range(3)]
    assert_columns(windows(probe, steps), twin(probe).columns(steps))


@every_probe
@pytest.mark.parametrize("shape", SHAPES)
def test_eager_equals_compiled_with_one_trace_for_every_batch_size(probe, shape):
    traces = []
    arrays = random_arrays(**SHAPES[shape])
    template = arrays.snapshot(probe=probe)

    @tf.function(reduce_retracing=True)
    def compiled(per_call, rest, after, examples):
        traces.append(1)
        known = changed(rest["weights"], after)
        snapshot = dataclasses.replace(template, **per_call, **rest, known=known, examples=examples)
        return {name: tf.stack(value) for name, value in probe.measure(snapshot).items()}

    rest = {name: getattr(template, name) for name in ("gradients", "weights")}
    after = tf.nest.map_structure(tf.constant, arrays.weights_after)
    signature = dict.fromkeys(BY_EXAMPLE, tf.TensorSpec([None, *arrays.activation.shape[1:]]))
    concrete = compiled.get_concrete_function(
        signature, *tf.nest.map_structure(lambda t: tf.TensorSpec(t.shape), [rest, after]), tf.TensorSpec([])
    )
    for count in (len(arrays.activation), 2):
        part = arrays.part(slice(count))
        snapshot = part.snapshot()
        per_call = {name: getattr(snapshot, name) for name in BY_EXAMPLE}
        outputs = concrete(*tf.nest.flatten([per_call, rest, after]), snapshot.examples)
        assert_columns(summarized(probe, outputs), own_columns(probe, part))
    assert len(traces) == 1


@every_probe
@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda dtype: dtype.name)
def test_half_precision_is_reduced_in_single_precision(probe, dtype):
    # 300 examples of entries about 100: their sum and their squares overflow float16, and bfloat16 cannot count to 300.
    rough = random_arrays(2, (300, 5)).map(lambda a: tf.cast(tf.cast(100 * a, dtype), tf.float32).numpy())
    actual, expected = own_columns(probe, rough, dtype), twin(probe).columns([rough])
    # The update is the difference of two rounded weights, taken in their own precision.
    assert_columns(actual, expected, rtol=1e-2 if "update" in probe.needs else 2e-5)


def spoilt(value: float) -> Arrays:
    """One entry of every array is this value."""

    def spoil(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array.flat[array.size // 2] = value
        return array

    return random_arrays(3).map(spoil)


@every_probe
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_shows_and_is_never_dropped(probe, value):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the twin
        expected = twin(probe).columns([spoilt(value)])
    for name, number in own_columns(probe, spoilt(value)).items():
        assert not np.isfinite(number) or number == pytest.approx(expected[name], rel=1e-5), name


@every_probe
def test_one_bad_step_shows_in_its_window(probe):
    steps = [random_arrays(0), spoilt(np.nan), random_arrays(1)]
    alone = own_columns(probe, spoilt(np.nan))
    for name, number in windows(probe, steps).items():
        assert np.isnan(number) == np.isnan(alone[name]), name


@every_probe
@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_batch_is_missing(probe, shape):
    empty = random_arrays(**SHAPES[shape]).part(slice(0))
    assert_columns(own_columns(probe, empty), twin(probe).columns([empty]))


@every_probe
@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_batch_adds_nothing_to_a_window(probe, shape):
    full = random_arrays(**SHAPES[shape])
    for steps in ([full, full.part(slice(0))], [full.part(slice(0)), full]):
        assert_columns(windows(probe, steps), twin(probe).columns(steps))


@every_probe
@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e4])
def test_constant_input(probe, value):
    constant = random_arrays().map(lambda a: np.full_like(a, value))
    columns = own_columns(probe, constant)
    assert_columns(columns, twin(probe).columns([constant]), atol=2e-6)
    shares = [value for name, value in columns.items() if re.search("fraction|sparseness", name)]
    assert all(np.isnan(share) or 0 <= share <= 1 for share in shares)


@every_probe
@pytest.mark.parametrize("shape", [(1, 5), (6, 1), (1, 1), (6,), ()])
def test_a_single_example_a_single_unit_and_no_unit_at_all(probe, shape):
    full = random_arrays(1)
    arrays = dataclasses.replace(full, activation=full.activation + 1).shaped(shape)
    columns = own_columns(probe, arrays)
    if len(shape) == 2:
        assert_columns(columns, twin(probe).columns([arrays]))
    undefined = {"population_sparseness", "lifetime_sparseness", "variance_ratio", "constant_fraction"}
    for name in set(columns) - undefined:
        assert np.isfinite(columns[name])


@every_probe
def test_a_small_spread_around_a_large_mean_keeps_its_digits(probe):
    shifted = random_arrays(4).map(lambda a: (a / 100 + 1000).astype(np.float32))
    assert_columns(own_columns(probe, shifted), twin(probe).columns([shifted]), rtol=1e-3, atol=1e-9)


BAD_SETTINGS = [
    {"every": 0}, {"every": -1}, {"every": 2.5}, {"every": True}, {"every": "10"}, {"window": 0}, {"window": 1.0},
    {"every": 3, "window": 10}, {"every": 4, "window": 2}, {"layers": 3}, {"layers": ("a", 3)}, {"layers": ()},
]  # fmt: skip


@every_probe
@pytest.mark.parametrize("settings", BAD_SETTINGS, ids=str)
def test_bad_settings_raise_an_error_in_four_parts(probe, settings):
    with pytest.raises(probes.UsageError) as caught:
        type(probe)(**settings)
    error = caught.value
    assert type(probe).__name__ in error.where and list(settings)[-1] in error.where
    assert repr(list(settings.values())[-1]) in error.got and error.do


@every_probe
def test_cadence_defaults(probe):
    kind = type(probe)
    assert (kind().every, kind().window) == (10, 10)
    assert (kind(window=50).every, kind(window=50).window) == (1, 50)
    assert (kind(every=5, window=50).every, kind(every=7).window) == (5, 7)
    assert kind(layers=["a"]) == kind(layers=("a",))


@every_probe
def test_a_probe_declares_what_it_looks_at_and_leaves_the_decision_to_the_base(probe):
    final = {name for name, value in vars(Probe).items() if getattr(value, "__final__", False)}
    assert final >= {"suits", "applies"}
    assert not any(final & set(vars(cls)) for cls in type(probe).__mro__ if cls is not Probe)
