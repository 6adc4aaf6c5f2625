"""Configs and presets: what they refuse, and the published constants."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import planners.compiled
from planners.config import KernelConfig, SearchConfig
from planners.presets import PRESETS
from planners.search import Search
from tests.planners.worlds import WIN_OR_LOSE, Endless, Scattered, fresh

ROOM = Path(planners.compiled.__file__).parent
KERNEL = KernelConfig(scales=(0.0725, 0.29))


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        (KERNEL, {"kind": "box"}),
        (KERNEL, {"scales": ()}),
        (KERNEL, {"scales": (1.0, 0.0)}),
        (KERNEL, {"scales": (1.0, float("nan"))}),
        (KERNEL, {"freedom": 0.0}),
        (KERNEL, {"low": (1.0,)}),
        (KERNEL, {"low": (1.0, 1.0), "high": (2.0, 1.0)}),
        (SearchConfig(), {"simulations": 0}),
        (SearchConfig(), {"selection": "best"}),
        (SearchConfig(), {"selection": "puct"}),
        (SearchConfig(), {"candidate_choice": "any"}),
        (SearchConfig(), {"widening_shape": "box"}),
        (SearchConfig(), {"widening_density": "none"}),
        (SearchConfig(), {"final": "value"}),
        (SearchConfig(), {"exploration": -1.0}),
        (SearchConfig(), {"widening_last": -1.0}),
        (SearchConfig(), {"exploration": float("nan")}),
        (SearchConfig(), {"prior_temperature": 0.0}),
        (SearchConfig(), {"widening_least": 1.0}),
        (SearchConfig(), {"leaves": 0}),
        (SearchConfig(), {"max_depth": -1}),
    ],
)
def test_a_config_refuses_what_is_out_of_range_and_names_the_field(config, changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        replace(config, **changes)


def test_presets_have_the_published_constants():
    names = ("kr_dl_uct", "kr_dl_uct_executed", "kr_dl_uct_public", "kr_uct", "dl_uct", "uct")
    paper, ours, public, older, discrete, plain = (PRESETS[name](KERNEL) for name in names)
    assert replace(ours, execute_last=False, widening_last=None) == paper
    assert (paper.exploration, paper.candidates, paper.simulations, paper.widening) == (0.1, 20, 400, 1.0)
    assert (public.exploration, public.widening, public.max_depth, public.widening_samples) == (
        0.03,
        0.1,
        2,
        3,
    )
    assert (public.simulations, public.widening_shape, public.widening_reach) == (1000, "ellipse", 2.0)
    assert (older.exploration, older.final_exploration, older.widening_least) == (1.0, 0.001, 0.02)
    assert (older.simulations, older.widening_samples, older.final) == (1600, 10, "lower_bound")
    assert (discrete.selection, discrete.exploration, discrete.kernel.kind) == ("puct", 1.0, "none")
    assert (plain.selection, plain.kernel.kind, plain.widening) == ("ucb", "none", 0.0)


def test_presets_differ_in_what_they_search():
    moves = {
        name: Search(replace(make(KERNEL), simulations=200), Endless(1), Scattered(actions=40))
        .run(fresh(3), np.arange(3), WIN_OR_LOSE)
        .points.tobytes()
        for name, make in PRESETS.items()
    }
    assert len(set(moves.values())) == len(PRESETS)


def test_configs_and_presets_load_the_standard_library_only():
    for name in ("config.py", "presets.py"):
        tree = ast.parse((ROOM / name).read_text())
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert modules <= {"dataclasses", "collections.abc", "planners.config"}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"states": np.zeros(0)}, "states"),
        ({"states": np.array([None])}, "states"),
        ({"seeds": np.arange(3)}, "seeds"),
        ({"utility": np.array([np.nan, 0.0])}, "utility"),
    ],
)
def test_a_search_refuses_arguments_that_do_not_fit_and_names_them(arguments, field):
    given = {"states": fresh(2), "seeds": np.arange(2), "utility": WIN_OR_LOSE, **arguments}
    with pytest.raises(ValueError, match=field):
        Search(SearchConfig(), Endless(3), Scattered()).run(**given)


@pytest.mark.parametrize(("option", "value"), [("groups", 0)])
def test_a_search_refuses_impossible_options(option, value):
    with pytest.raises(ValueError, match=option):
        Search(SearchConfig(), Endless(3), Scattered(), **{option: value})


def test_the_stamp_of_compiled_code_follows_every_source_of_the_room(tmp_path, monkeypatch):
    stamp = planners.compiled._folder_stamp.__wrapped__
    monkeypatch.setattr(planners.compiled, "__file__", str(tmp_path / "compiled.py"))
    (tmp_path / "compiled.py").write_text("a = 1\n")
    (tmp_path / "other.py").write_text("b = 1\n")
    before = stamp()
    assert before == stamp()
    (tmp_path / "other.py").write_text("b = 2\n")
    assert before != stamp()
