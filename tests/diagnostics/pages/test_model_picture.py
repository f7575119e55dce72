from __future__ import annotations

from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest

from diagnostics.figures.layer_names import Block
from diagnostics.pages.model_layers import Node, folded, nets_of, summary
from diagnostics.pages.model_picture import LEVELS, levels_of, link_to, picture_of
from diagnostics.runs.run import Run

NOTHING = pd.DataFrame({"layer": [], "step": []})


def run_of(tmp_path, table, architecture=(), layers=NOTHING) -> Run:
    """A run with these records, never written to disk."""
    metadata = {"layer_table": table, "architecture": list(architecture), "config": {}, "probes": [], "seed": 0}
    return Run(tmp_path, metadata, {"layers": layers, "scalars": NOTHING, "units": NOTHING})


def chain(*paths: str, kind: str = "Dense") -> list[dict]:
    return [
        {"layer": path, "depth": depth, "kind": kind, "parameters": 2, "status": "measured"}
        for depth, path in enumerate(paths, 1)
    ]


def test_a_run_without_architecture_is_a_chain_in_the_order_of_its_tables(tmp_path):
    table = [
        {"layer": "net", "depth": 0, "kind": "Functional", "parameters": 0, "status": "container"},
        *chain("net/a", "net/b"),
    ]
    (net,) = nets_of(run_of(tmp_path, table))
    assert [node.path for node in net.nodes] == ["net/a", "net/b"] and not net.known


def test_a_layer_that_is_not_measured_keeps_its_place_and_says_why(tmp_path):
    cell = {"layer": "lstm/cell", "depth": 0, "kind": "LSTMCell", "parameters": 9, "status": "runs inside a loop"}
    table = [*chain("embed"), cell, {"layer": "lstm", "depth": 2, "kind": "LSTM", "status": "measured"}]
    (net,) = nets_of(run_of(tmp_path, table))
    assert [node.path for node in net.nodes] == ["embed", "lstm", "lstm/cell"]
    assert net.nodes[2].status == "runs inside a loop"


def test_the_cell_of_a_recurrent_layer_hangs_below_it_and_is_no_step_of_the_chain(tmp_path):
    cells = [
        {"layer": f"{name}/cell", "depth": 0, "kind": "LSTMCell", "parameters": 9, "status": "runs inside a loop"}
        for name in ("lower", "upper")
    ]
    table = [*chain("lower", "upper", "out"), *cells]
    architecture = [
        {"path": path, "class": "LSTM", "inbound": inbound}
        for path, inbound in (("lower", []), ("upper", ["lower"]), ("out", ["upper"]))
    ]
    run = run_of(tmp_path, table, architecture)
    (diagram,) = picture_of(run, NOTHING, "", {}).diagrams
    assert [row.name for row in diagram.rows] == ["lower", "└ cell", "upper", "└ cell", "out"]
    assert diagram.wires == ()


def test_two_nets_are_two_chains(tmp_path):
    picture = picture_of(run_of(tmp_path, chain("generator/up", "generator/out", "discriminator/in")), NOTHING, "", {})
    assert [diagram.name for diagram in picture.diagrams] == ["generator", "discriminator"]
    assert [len(diagram.rows) for diagram in picture.diagrams] == [2, 1]
    assert [row.name for row in picture.diagrams[0].rows] == ["up", "out"] and not picture.shaped


def test_nets_stand_in_the_order_of_the_tables(tmp_path):
    table = chain("generator/up", "generator/out", "discriminator/in")
    layers = pd.DataFrame({"layer": ["discriminator/in", "generator/up"], "model": ["discriminator", "generator"]})
    assert [net.name for net in nets_of(run_of(tmp_path, table, layers=layers))] == ["discriminator", "generator"]


def test_one_net_with_nested_blocks_stays_one(tmp_path):
    assert len(nets_of(run_of(tmp_path, chain("embed", "block_1/up", "block_2/up")))) == 1


def test_a_shortcut_is_a_line_beside_the_chain(tmp_path):
    layers = [("a", []), ("b", ["a"]), ("c", ["b"]), ("add", ["c", "a"]), ("out", ["add"])]
    facts = [{"path": path, "class": "Dense", "inbound": inbound} for path, inbound in layers]
    picture = picture_of(run_of(tmp_path, chain(*(path for path, _ in layers)), facts), NOTHING, "", {})
    (wire,) = picture.diagrams[0].wires
    assert wire.startswith("M13 0.5C") and wire.endswith("13 3.5")


def test_adapters_show_how_much_of_a_layer_is_trained(tmp_path):
    part = {"class": "Dense", "parameters": 100, "trainable_parameters": 8, "output_shape": [None, 4]}
    norm = {"class": "BatchNormalization", "parameters": 4, "trainable_parameters": 2}
    picture = picture_of(
        run_of(tmp_path, chain("a", "b"), [part | {"path": "a"}, norm | {"path": "b"}]), NOTHING, "", {}
    )
    assert [row.note for row in picture.diagrams[0].rows] == ["8 trained", ""] and picture.shaped


def test_nested_shortcuts_get_lanes_of_their_own(tmp_path):
    paths = [f"l{n}" for n in range(6)]
    facts = [
        {"path": path, "class": "Dense", "inbound": [paths[place - 1]] if place else []}
        for place, path in enumerate(paths)
    ]
    facts[5]["inbound"].append("l0")
    facts[4]["inbound"].append("l1")
    picture = picture_of(run_of(tmp_path, chain(*paths), facts), NOTHING, "", {})
    assert len({wire.split("C")[1].split(" ")[0] for wire in picture.diagrams[0].wires}) == 2


def test_a_deep_net_is_folded_by_its_names():
    nodes = [
        Node(f"stage{s}_block{b}_{part}", part) for s in (1, 2) for b in range(8) for part in ("conv", "bn", "add")
    ]
    assert [block.name for block in folded(nodes)] == [f"stage{s}_block{b}" for s in (1, 2) for b in range(8)]


def test_a_net_with_default_names_is_folded_by_kinds_that_repeat():
    kinds = ["Conv2D", "BatchNormalization", "ReLU"] * 20
    nodes = [
        Node("input", "InputLayer"),
        *(Node(f"{kind.lower()}_{n}", kind) for n, kind in enumerate(kinds)),
        Node("out", "Dense"),
    ]
    found = folded(nodes)
    assert found[1] == Block("conv2d_0 … relu_2", 1, 3) and len(found) == 22


def test_a_net_without_any_structure_is_still_small():
    nodes = [Node(f"x{n * 7919 % 1000}", f"Kind{n * 31 % 97}") for n in range(400)]
    found = folded(nodes)
    assert len(found) <= 32 and found[-1].last == 399


def test_kinds_are_counted():
    assert summary([Node("a", "Dense")]) == "Dense"
    nodes = [Node(str(n), kind) for n, kind in enumerate(["Dense", "ReLU", "Dense", "Add", "Flatten"])]
    assert summary(nodes) == "2 Dense, ReLU, Add, Flatten"
    assert summary([*nodes, Node("6", "Reshape")]) == "2 Dense, ReLU, Add and 2 more"


def test_colours_follow_the_scale_and_single_out_what_it_cannot_show():
    values = {"low": 1e-6, "high": 1.0, "zero": 0.0, "broken": np.inf}
    levels, low, high = levels_of(values, "update_ratio")
    assert levels["low"] == 0 and levels["high"] == LEVELS - 1
    assert (levels["broken"], levels["zero"]) == (LEVELS, LEVELS + 1) and low.startswith("5") and high


def test_cells_name_layer_kind_value_and_finding(tmp_path):
    rows = [(0, "a", 1, "Dense", 0.5), (10, "a", 1, "Dense", 0.25), (0, "b", 2, "Dense", np.nan)]
    layers = pd.DataFrame(rows, columns=["step", "layer", "depth", "kind", "zero_fraction"])
    run = run_of(tmp_path, chain("a", "b"), layers=layers)
    first, second = (
        row.cells[0] for row in picture_of(run, layers, "zero_fraction", {"a": "warning"}).diagrams[0].rows
    )
    assert first.value == "activations exactly 0: 0.25".replace(
        "activations exactly 0", "activations exactly 0 (share)"
    )
    assert (first.marked, second.marked, second.level) == ("warning", "", -1)
    assert first.facts == "a · Dense · 2 parameters"


@pytest.mark.parametrize("path", ["a b", "x&step=3", "naïve/ünit", "#"])
def test_links_survive_any_name(path):
    assert parse_qs(link_to(path)[1:])["layer"] == [path]
