"""A damaged part is named and the others are read; the flip of any bit is noticed."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.runs import part_file, seal
from diagnostics.runs.part_file import DamagedPartError, Part
from diagnostics.runs.part_writer import PartWriter
from diagnostics.runs.parts import PartStore
from diagnostics.runs.run import load_run
from diagnostics.runs.tables import TABLES
from diagnostics.runs.writer import RunWriter

KEYS = TABLES["layers"]


def frame(step: int = 0, **columns) -> pd.DataFrame:
    return pd.DataFrame(
        {"step": step, "layer": ["a", "b"], "depth": [0, 1], "kind": "Dense", "q": [0.5, 0.25]} | columns
    )


@pytest.fixture
def store(tmp_path) -> PartStore:
    return PartStore(tmp_path / "layers", KEYS)


@pytest.fixture
def three(store):
    """A store of three parts: steps 0, 1 and 2."""
    writer = PartWriter(store)
    for step in range(3):
        writer.append(frame(step))
    return store


@pytest.fixture(scope="module")
def part(tmp_path_factory) -> bytes:
    store = PartStore(tmp_path_factory.mktemp("one") / "layers", KEYS)
    return PartWriter(store).append(frame(histogram=[[1, 2], [3, 4]])).read_bytes()


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_anywhere_in_a_part_is_noticed(part, data, tmp_path_factory):
    flipped = bytearray(part)
    for place in data.draw(st.lists(st.integers(0, 8 * len(part) - 1), min_size=1, max_size=3, unique=True)):
        flipped[place // 8] ^= 1 << place % 8
    path = tmp_path_factory.mktemp("flip") / "part-00000.parquet"
    path.write_bytes(flipped)
    with pytest.raises(DamagedPartError):
        part_file.read(path, sealed=True)


def test_every_single_flip_is_noticed_by_the_checksum(part):
    assert seal.is_intact(part)
    for place in range(8 * len(part)):
        flipped = bytearray(part)
        flipped[place // 8] ^= 1 << place % 8
        assert not seal.is_intact(bytes(flipped)), place


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(0, 5000), added=st.binary(max_size=20))
def test_a_cut_or_lengthened_part_is_noticed(part, cut, added):
    changed = part[:cut] + added
    assert seal.is_intact(changed) == (changed == part)


def test_other_tools_read_a_sealed_part_and_verify_its_pages(part):
    table = pq.read_table(io.BytesIO(part), page_checksum_verification=True)
    assert table.column_names[:2] == ["step", "layer"] and len(table) == 2
    page = part.index(b"\x15")  # some byte of the first page's header follows; its data come after
    flipped = bytearray(part)
    flipped[page + 30] ^= 1
    with pytest.raises(OSError, match=r".*"):
        pq.read_table(io.BytesIO(bytes(flipped)), page_checksum_verification=True)


def test_a_part_of_an_older_version_has_no_checksum_and_is_read(store):
    store.directory.mkdir()
    pq.write_table(pa.Table.from_pandas(frame()), store.directory / "part-00000.parquet")
    assert len(PartStore(store.directory, KEYS, sealed=False).read()) == 2
    assert [damage.reason for damage in store.contents().damage] == ["its checksum does not match its content"]


def test_a_merged_part_of_an_older_version_replaces_those_it_names(store):
    store.directory.mkdir()
    merged = pa.Table.from_pandas(frame(), preserve_index=False).replace_schema_metadata({part_file.SPAN: "3"})
    pq.write_table(merged, store.directory / "part-00000.parquet")
    for number in (1, 2, 3):
        pq.write_table(pa.Table.from_pandas(frame(number)), store.directory / f"part-{number:05d}.parquet")
    assert list(PartStore(store.directory, KEYS, sealed=False).read()["step"]) == [0, 0, 3, 3]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\0" * 5000, b"PAR1" + b"x" * 400 + b"PAR1"])
def test_what_is_no_parquet_is_named(three, content):
    path = three.directory / "part-00001.parquet"
    path.write_bytes(content)
    contents = three.contents()
    assert [damage.path for damage in contents.damage] == [path]
    assert list(contents.frame["step"]) == [0, 0, 2, 2]


def test_a_folder_in_a_parts_place_is_named(three):
    path = three.directory / "part-00001.parquet"
    path.unlink()
    path.mkdir()
    assert [damage.path for damage in three.contents().damage] == [path]


def test_a_file_in_the_tables_place_is_named(store):
    store.directory.write_text("mine")
    assert [damage.path for damage in store.contents().damage] == [store.directory]
    assert store.read().empty


def test_a_part_that_is_gone_is_named(three):
    (three.directory / "part-00001.parquet").unlink()
    assert "part-00001.parquet is missing" in str(three.contents().damage[0])


@pytest.mark.parametrize(
    "name",
    [
        "part-00000 (copy).parquet",
        "part-00001.sync-conflict-20240101-120000-ABCDEF.parquet",
        "part-00001 (Anna's conflicted copy).parquet",
        "part-x.parquet",
        "part-0.parquet",
        "part-000001.parquet",
        "part-99999999999999999999.parquet",
        "part-٣٣٣٣٣.parquet",
        "notes.txt",
    ],
)
def test_a_file_with_no_parts_name_is_named_and_not_read(three, name):
    (three.directory / name).write_bytes((three.directory / "part-00001.parquet").read_bytes())
    contents = three.contents()
    assert [damage.path.name for damage in contents.damage] == [name]
    assert list(contents.frame["step"]) == [0, 0, 1, 1, 2, 2]


def test_a_copy_under_another_parts_name_doubles_no_row(three):
    (three.directory / "part-00003.parquet").write_bytes((three.directory / "part-00001.parquet").read_bytes())
    contents = three.contents()
    assert "a copy of part-00001.parquet" in str(contents.damage[0])
    assert list(contents.frame["step"]) == [0, 0, 1, 1, 2, 2]


def foreign(store: PartStore, table: pa.Table, number: int = 0) -> None:
    """A part with whatever content, as a current version would have written it."""
    store.directory.mkdir(exist_ok=True)
    part = Part(number, number + 1, len(table))
    part_file.write(store.directory / part.name, table.schema, [table], part, 1 << 20)


@pytest.mark.parametrize("column", ["step", "layer"])
def test_a_part_without_a_required_column_is_named(store, column):
    foreign(store, pa.Table.from_pandas(frame().drop(columns=column), preserve_index=False))
    assert f"no column '{column}'" in str(store.contents().damage[0])


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("step", ["0", "x"]),
        ("step", [0.5, 1.5]),
        ("step", [{"a": 1}, {"a": 2}]),
        ("layer", [1, 2]),
        ("layer", [["a"], ["b"]]),
        ("depth", ["x", "y"]),
        ("depth", [2**40, 0]),
        ("kind", [True, False]),
    ],
)
def test_a_key_column_of_another_type_is_named(store, column, values):
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    place = table.column_names.index(column)
    foreign(store, table.set_column(place, column, pa.array(values)))
    contents = store.contents()
    assert repr(column) in contents.damage[0].reason
    assert contents.frame.empty and contents.frame["layer"].dtype == "category"


@pytest.mark.parametrize(
    "values",
    [[b"x", b"y"], [{"a": 1}, {"a": 2}], [["x"], ["y"]], pd.to_datetime(["2020", "2021"]), [[[1]], [[2]]]],
    ids=["binary", "struct", "lists of text", "dates", "lists of lists"],
)
def test_a_column_that_no_table_has_is_left_out_and_named(store, values):
    table = pa.Table.from_pandas(frame(), preserve_index=False).append_column("odd", pa.array(values))
    foreign(store, table)
    contents = store.contents()
    assert "'odd'" in contents.damage[0].reason
    assert list(contents.frame["q"]) == [0.5, 0.25] and "odd" not in contents.frame


def test_rows_without_a_layer_or_step_are_left_out_and_counted(store):
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    foreign(store, table.set_column(1, "layer", pa.array(["a", None])))
    foreign(store, table.set_column(0, "step", pa.array([None, 3])), 1)
    contents = store.contents()
    assert [damage.reason.split(" and are")[0] for damage in contents.damage] == [
        "1 of 2 rows have no step or layer"
    ] * 2
    assert list(contents.frame["step"]) == [0, 3]


def test_what_is_optional_may_be_null(store):
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    for name in ("depth", "kind"):
        table = table.set_column(table.column_names.index(name), name, pa.nulls(2))
    foreign(store, table)
    assert store.contents().damage == () and len(store.read()) == 2


def test_a_run_warns_once_and_lists_its_damage(tmp_path):
    with RunWriter(tmp_path / "run", command="", config={}, seed=0) as run:
        run.append("layers", frame())
    (tmp_path / "run" / "layers" / "part-00000.parquet").write_bytes(b"")
    loaded = load_run(tmp_path / "run")
    with pytest.warns(UserWarning, match=r"not read: .*part-00000\.parquet") as caught:
        assert loaded.layers.empty and loaded.layers.empty
    assert len(caught) == 1
    assert [damage.path.name for damage in loaded.damage] == ["part-00000.parquet"]


def test_a_large_part_is_sealed_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(seal, "CHUNK", 100)
    path = PartWriter(PartStore(tmp_path / "layers", KEYS)).append(frame(q=np.random.default_rng(0).random(2)))
    assert seal.is_intact(path.read_bytes())
