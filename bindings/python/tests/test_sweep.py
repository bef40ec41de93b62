"""Campaigns: what the grid is, that a file makes them go on where they were, and a scheduler elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import qkdpp

sweep = pytest.importorskip("qkdpp.sweep", reason="qkdpp[sweep] is not installed")
distributed = pytest.importorskip("distributed")

#: How often each point was computed.
computed: list[float] = []


def squared(*, x: float, offset: float = 0.0) -> dict[str, Any]:
    computed.append(x)
    return {"y": x * x + offset, "kind": "square"}


def inverted(*, x: float) -> dict[str, Any]:
    computed.append(x)
    return {"y": 1 / x}


@pytest.fixture(autouse=True)
def fresh() -> None:
    computed.clear()


def run(*arguments: Any, **options: Any) -> pd.DataFrame:
    frame: pd.DataFrame = sweep.run(*arguments, progress=False, **options)
    return frame


def test_a_grid_is_combined_in_its_order() -> None:
    frame = run(squared, {"x": [3, 1], "offset": [0.0, 0.5]})
    assert frame.to_dict("list") == {
        "x": [3, 3, 1, 1],
        "offset": [0.0, 0.5, 0.0, 0.5],
        "y": [9.0, 9.5, 1.0, 1.5],
        "kind": ["square"] * 4,
    }
    listed = run(squared, [{"x": 3, "offset": 0.5}, {"x": 1, "offset": 0.0}])
    assert listed["y"].tolist() == [9.5, 1.0]


def test_what_the_file_has_is_not_computed_again(tmp_path: Path) -> None:
    file = tmp_path / "squares.parquet"
    first = run(squared, {"x": [1.0, 2.0]}, parquet=file)
    assert sorted(computed) == [1.0, 2.0] and first["y"].tolist() == [1.0, 4.0]
    computed.clear()
    steps: list[tuple[int, int]] = []
    more = sweep.run(
        squared, {"x": [3.0, 2.0, 1.0]}, parquet=file, progress=lambda done, total: steps.append((done, total))
    )
    assert computed == [3.0] and steps == [(1, 1)]
    assert more["y"].tolist() == [9.0, 4.0, 1.0]
    pd.testing.assert_frame_equal(run(squared, {"x": [1.0, 2.0]}, parquet=file), first)


def test_a_campaign_that_failed_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "inverses.parquet"
    with distributed.Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as client:
        with pytest.raises(ZeroDivisionError) as caught:
            run(inverted, {"x": [1.0, 2.0, 0.0]}, parquet=file, scheduler=client)
        assert caught.value.__notes__ == ['at the point {"x": 0.0}']
        kept = len(pd.read_parquet(file))
        computed.clear()
        frame = run(inverted, {"x": [1.0, 2.0, 4.0]}, parquet=file, scheduler=client)
    assert kept == 2 and computed == [4.0] and frame["y"].tolist() == [1.0, 0.5, 0.25]


def test_a_file_of_another_function_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "squares.parquet"
    run(squared, {"x": [1.0]}, parquet=file)
    with pytest.raises(ValueError, match=r"squares.parquet is of .*squared.*not of .*inverted"):
        run(inverted, {"x": [1.0]}, parquet=file)


def test_the_same_call_on_a_scheduler_elsewhere(tmp_path: Path) -> None:
    """A cluster of other processes, reached by its address; they import qkdpp themselves."""
    grid = {"qber": [0.01, 0.03], "method": ["cascade", "ldpc"], "bits": [1 << 16]}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        there = run(sweep.reconciliation, grid, scheduler=cluster.scheduler_address)
    here = run(sweep.reconciliation, grid)
    pd.testing.assert_frame_equal(there.drop(columns="seconds"), here.drop(columns="seconds"))
    assert here["fer"].tolist() == [0.0] * 4 and (here["f"] > 1).all()


def test_the_points_of_the_library() -> None:
    rates = run(sweep.key_rate, {"config": ["fibre-50km"], "sifted_bits": [1e6], "distance_km": [0.0, 50.0]})
    config = qkdpp.Config("fibre-50km")
    assert rates["secret_bits"].tolist() == [
        config.key_rate(np.array([km]), sifted_bits=1e6)["secret_bits"][0] for km in (0.0, 50.0)
    ]
    frames = run(sweep.ldpc, {"qber": [0.02], "frame_bits": [16384], "frames": [50], "seed": [0, 1]})
    assert frames["seed"].tolist() == [0, 1] and (frames["fer"] < 0.2).all()
