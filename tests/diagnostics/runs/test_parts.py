"""The Parquet store: every appended row is read back exactly once, whatever fails in between."""

from __future__ import annotations

import errno

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.runs import part_file
from diagnostics.runs.part_writer import PartWriter
from diagnostics.runs.parts import PartStore
from diagnostics.runs.tables import TABLES
from probes.errors import UsageError


def frame(step: float = 0, layers: int = 3, **columns) -> pd.DataFrame:
    names = [f"hidden_{i + 1}" for i in range(layers)]
    return pd.DataFrame({"step": step, "layer": names, "depth": range(layers), "kind": "Dense"} | columns)


@pytest.fixture
def store(tmp_path) -> PartStore:
    return PartStore(tmp_path / "layers", TABLES["layers"])


@pytest.fixture
def writer(store) -> PartWriter:
    return PartWriter(store)


def test_floats_come_back_bit_for_bit(store, writer):
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3.4e38], np.float32)
    writer.append(frame(layers=7, gradient_norm=values))
    writer.append(frame(1, layers=7, gradient_norm=values[::-1]))
    for _ in range(2):
        read = store.read()["gradient_norm"].to_numpy()
        assert read.dtype == np.float32
        assert read.tobytes() == np.concatenate([values, values[::-1]]).tobytes()
        writer.compact()


def test_key_columns_have_their_types_and_text_is_categorical(store, writer):
    writer.append(frame().astype({"step": np.int32, "depth": np.int64}))
    types = store.read().dtypes
    assert (types["step"], types["depth"], types["layer"], types["kind"]) == (
        np.int64,
        np.int32,
        "category",
        "category",
    )


def test_a_table_without_parts_has_its_key_columns(store, writer):
    read = store.read()
    assert read.empty
    assert list(read.columns) == ["step", "layer", "depth", "kind"]
    assert read.dtypes["step"] == np.int64


def test_a_frame_without_rows_makes_no_part(store, writer):
    assert writer.append(frame().iloc[:0]) is None
    assert writer.append(pd.DataFrame()) is None
    assert not store.directory.exists()


@pytest.mark.parametrize("compacted", [False, True])
def test_parts_with_other_columns_are_united(store, writer, compacted):
    writer.append(frame(0, gradient_norm=np.float32(1)))
    writer.append(frame(1, weight_norm=np.float32(2), births=3))
    if compacted:
        writer.compact()
    read = store.read()
    assert list(read.columns) == ["step", "layer", "depth", "kind", "gradient_norm", "weight_norm", "births"]
    assert read["gradient_norm"].dtype == np.float32
    np.testing.assert_array_equal(read["gradient_norm"], [1] * 3 + [np.nan] * 3)
    np.testing.assert_array_equal(read["births"], [np.nan] * 3 + [3] * 3)


@pytest.mark.parametrize("compacted", [False, True])
def test_new_layers_in_a_later_part_join_the_categories_in_order(store, writer, compacted):
    writer.append(frame(layers=10))
    writer.append(frame(1, layers=12))
    if compacted:
        writer.compact()
    layer = store.read()["layer"]
    assert list(layer.cat.categories) == [f"hidden_{i + 1}" for i in range(12)]
    assert list(layer) == [f"hidden_{i + 1}" for i in [*range(10), *range(12)]]


def test_categorical_columns_behave_as_names(store, writer):
    writer.append(frame(0, layers=11, q=1.0))
    writer.append(frame(1, layers=11, q=3.0))
    read = store.read()
    assert (read["layer"] == "hidden_2").sum() == 2
    means = read.groupby("layer", observed=True)["q"].mean()
    assert list(means.index) == [f"hidden_{i + 1}" for i in range(11)], "through the network, not by the alphabet"
    merged = read.merge(pd.DataFrame({"layer": ["hidden_3"], "width": [7]}), on="layer")
    assert list(merged["width"]) == [7, 7]
    assert read.pivot(index="step", columns="layer", values="q").shape == (2, 11)


def test_what_is_read_may_be_changed_in_place(store, writer):
    writer.append(frame(q=np.float32(1)))
    read = store.read()
    read.loc[0, "q"] = 5
    read["step"] += 1
    assert read["q"].iloc[0] == 5


def test_a_leftover_of_a_killed_writer_is_ignored(store, writer):
    writer.append(frame(0))
    part = writer.append(frame(1))
    (store.directory / ".part-00002.parquet.partial").write_bytes(part.read_bytes()[:100])
    assert list(store.read()["step"]) == [0, 0, 0, 1, 1, 1]
    assert len(pd.read_parquet(store.directory)) == 6, "other tools ignore it too"
    writer.append(frame(2))
    assert store.read()["step"].max() == 2


def test_compaction_leaves_one_part_that_any_reader_opens(store, writer):
    for step in range(5):
        writer.append(frame(step))
    before = store.read()
    writer.compact()
    assert [path.name for path in store.directory.iterdir()] == ["part-00000.parquet"]
    pd.testing.assert_frame_equal(store.read(), before)
    assert len(pq.read_table(store.directory)) == 15


def test_a_writer_killed_before_it_removed_compacted_parts_doubles_no_row(store, writer):
    parts = [writer.append(frame(step)) for step in range(3)]
    saved = {path: path.read_bytes() for path in parts[1:]}
    writer.compact()
    for path, content in saved.items():
        path.write_bytes(content)
    assert list(store.read()["step"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    writer.append(frame(3))
    assert list(store.read()["step"])[-4:] == [2, 3, 3, 3]


def test_rows_appended_after_a_compaction_are_read(store, writer):
    for step in range(3):
        writer.append(frame(step))
    writer.compact()
    writer.append(frame(3))
    assert sorted(set(store.read()["step"])) == [0, 1, 2, 3]


def test_a_reader_that_listed_parts_before_their_compaction_reads_again(store, writer, monkeypatch):
    for step in range(3):
        writer.append(frame(step))
    stale = iter([store.listed()])
    writer.compact()
    listed = PartStore.listed
    monkeypatch.setattr(PartStore, "listed", lambda self: next(stale, None) or listed(self))
    assert len(store.read()) == 9


def test_a_reader_overtaken_by_a_compaction_reads_again(store, writer, monkeypatch):
    for step in range(3):
        writer.append(frame(step))
    read_part, overtaken = part_file.read, []

    def slow(path, **options):
        table = read_part(path, **options)
        if not overtaken:
            overtaken.append(path)
            monkeypatch.undo()
            writer.compact()  # the first part is read as it was, and the others are gone
        return table

    monkeypatch.setattr(part_file, "read", slow)
    assert list(store.read()["step"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert overtaken


def test_more_than_100_000_parts_stay_in_order(store, writer):
    writer._next = 99_999
    writer.append(frame(1))
    writer.append(frame(2))
    assert [path.name for path in store.listed()] == ["part-99999.parquet", "part-100000.parquet"]
    contents = store.contents()
    assert list(contents.frame["step"].drop_duplicates()) == [1, 2]
    assert "part-00000.parquet to part-99998.parquet are missing" in str(contents.damage[0])


def test_a_folder_name_with_an_equals_sign_adds_no_column(tmp_path):
    (tmp_path / "rate=0.1").mkdir()
    store = PartStore(tmp_path / "rate=0.1" / "layers", TABLES["layers"])
    PartWriter(store).append(frame())
    assert "rate" not in store.read()


@pytest.mark.parametrize(
    "bad",
    [
        frame().drop(columns="step"),
        frame().drop(columns="layer"),
        frame(step=np.nan),
        frame(q=[1, "a", {}]),
        pd.DataFrame([[0, "a", 1.0, 2.0]], columns=["step", "layer", "q", "q"]),
    ],
    ids=["no step", "no layer", "step is NaN", "mixed objects", "column twice"],
)
def test_a_frame_that_does_not_fit_is_refused_and_leaves_nothing(store, writer, bad):
    with pytest.raises(UsageError, match="does not fit"):
        writer.append(bad)
    assert not store.directory.exists()


def full_disk(*_args):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_an_error_and_earlier_parts_are_kept(store, writer, monkeypatch):
    writer.append(frame(0))
    monkeypatch.setattr("diagnostics.runs.files.os.fsync", full_disk)
    with pytest.raises(UsageError, match="No space left") as caught:
        writer.append(frame(1))
    assert isinstance(caught.value.__cause__, OSError)
    monkeypatch.undo()
    writer.append(frame(2))
    assert list(store.read()["step"]) == [0, 0, 0, 2, 2, 2]


def test_a_full_disk_in_compaction_leaves_the_parts(store, writer, monkeypatch):
    for step in range(3):
        writer.append(frame(step))
    monkeypatch.setattr("diagnostics.runs.files.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        writer.compact()
    assert len(store.parts()) == 3
    assert len(store.read()) == 9


def test_a_vanished_folder_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        PartWriter(PartStore(tmp_path / "gone" / "layers", TABLES["layers"])).append(frame())


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_damaged_part_is_named_and_the_others_are_read(store, writer, number):
    part = [writer.append(frame(step)) for step in range(3)][number]
    part.write_bytes(b"PAR1 not really")
    contents = store.contents()
    assert [damage.path for damage in contents.damage] == [part]
    assert sorted(set(contents.frame["step"])) == sorted({0, 1, 2} - {number})
    assert [damage.path for damage in writer.compact()] == [part]
    assert part.read_bytes() == b"PAR1 not really", "somebody may still repair it"
    assert sorted(set(store.read()["step"])) == sorted({0, 1, 2} - {number})


def test_a_column_of_another_type_is_left_out_and_named(store, writer):
    writer.append(frame(q=1.0))
    writer.append(frame(1, q="text", r=2.0))
    contents = store.contents()
    assert [str(damage.path.name) for damage in contents.damage] == ["part-00001.parquet"]
    assert "column 'q'" in contents.damage[0].reason
    np.testing.assert_array_equal(contents.frame["q"], [1.0] * 3 + [np.nan] * 3)
    np.testing.assert_array_equal(contents.frame["r"], [np.nan] * 3 + [2.0] * 3)
    assert len(writer.compact()) == 1


COLUMN = st.sampled_from(["gradient_norm", "weight_norm", "zero_fraction"])
ROW = st.tuples(st.integers(0, 2**40), st.sampled_from("abcdef"), st.floats(width=32))
PART = st.tuples(COLUMN, st.lists(ROW, max_size=5))


@settings(max_examples=40)
@given(parts=st.lists(PART, max_size=6), compact_after=st.integers(0, 6))
def test_any_parts_read_as_their_concatenation(tmp_path_factory, parts, compact_after):
    store = PartStore(tmp_path_factory.mktemp("store") / "layers", TABLES["layers"])
    writer = PartWriter(store)
    frames = [pd.DataFrame(rows, columns=["step", "layer", column]) for column, rows in parts]
    for index, one in enumerate(frames):
        writer.append(one.astype({one.columns[2]: np.float32}))
        if index == compact_after:
            writer.compact()
    read = store.read()
    expected = pd.concat([f for f in frames if len(f)] or [pd.DataFrame(columns=["step", "layer"])])
    assert list(read["step"]) == list(expected["step"])
    assert list(read["layer"]) == list(expected["layer"])
    for column in expected.columns[2:]:
        np.testing.assert_array_equal(read[column], expected[column].astype(np.float32))


def test_a_compaction_in_several_row_groups_keeps_the_order(store, writer, monkeypatch):
    monkeypatch.setattr("diagnostics.runs.part_writer.ROW_GROUP", 7)
    for step in range(6):
        writer.append(frame(step, layers=3 + step, q=float(step)))
    before = store.read()
    writer.compact()
    assert pq.ParquetFile(store.listed()[0]).num_row_groups > 1
    pd.testing.assert_frame_equal(store.read(), before)


def test_a_run_of_arrow_strings_and_of_categories_reads_the_same(store, writer):
    names = ["a", "b", "a"]
    for values in (names, pd.Categorical(names), pd.array(names, dtype="string"), np.array(names, object)):
        writer.append(frame().assign(layer=values))
    assert list(store.read()["layer"]) == names * 4
    assert pa.types.is_dictionary(pq.read_schema(store.listed()[0]).field("layer").type)


def test_files_and_work_per_flush_stay_few(store, writer, monkeypatch):
    written = []
    write = part_file.write
    monkeypatch.setattr(part_file, "write", lambda path, *rest: written.append(path) or write(path, *rest))
    most = 0
    for step in range(600):
        writer.append(frame(step, layers=1))
        most = max(most, len(store.listed()))
    assert most <= 7 * 4, "at most 7 parts for each power of 8"
    assert len(written) <= 600 * (1 + 1 / 7), "one part a flush, and a merge of every eighth, of every 64th, ..."
    assert list(store.read()["step"]) == list(range(600))
    assert store.contents().damage == ()


def test_large_parts_wait_for_the_end(store, writer, monkeypatch):
    monkeypatch.setattr("diagnostics.runs.part_writer.LARGE", 20)
    for step in range(40):
        writer.append(frame(step, layers=3))
    assert len(store.listed()) == 40
    writer.compact()
    assert len(store.listed()) == 1 and len(store.read()) == 120
