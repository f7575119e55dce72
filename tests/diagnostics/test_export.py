from __future__ import annotations

import pandas as pd

from diagnostics.export import write_csv
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter


def test_a_spreadsheet_takes_no_name_for_a_formula(tmp_path):
    names = ["=HYPERLINK(1)", "+1", "-1", "@x", "\ttab", "plain"]
    layers = pd.DataFrame({"step": 0, "layer": names, "depth": 1, "kind": "Dense", "update_ratio": [-0.5] * len(names)})
    with RunWriter(tmp_path / "run", command="", config={}, seed=0, layer_table=[]) as writer:
        writer.append("layers", layers.rename(columns={"update_ratio": "=ratio"}))
    write_csv(load_run(tmp_path / "run"), tmp_path / "csv")
    back = pd.read_csv(tmp_path / "csv" / "layers.csv")
    assert back["layer"].tolist() == [*(f"'{name}" for name in names[:-1]), "plain"]
    assert back["'=ratio"].tolist() == [-0.5] * len(names)  # numbers stay numbers
