"""Campaigns: one function at every point of a grid of parameters, in parallel on Dask, as a pandas frame.

    from qkdpp import sweep

    frame = sweep.run(sweep.reconciliation, {"method": ["cascade", "ldpc"], "qber": [0.01, 0.02, 0.05]},
                      parquet="efficiency.parquet")

Without a scheduler the points run on threads of this process, one for each core: the kernels release the GIL. With
`scheduler="tcp://host:8786"`, or a `distributed.Client`, the same call runs on a cluster, whose workers need qkdpp.

The parquet file gets the points as they are finished. A campaign that was interrupted, by Ctrl-C or by a point that
failed, goes on where it was when it is run again; points that the file has are not computed again.
"""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import Client, LocalCluster, as_completed

from . import Code, Config, _progress, simulate_ldpc, simulate_reconciliation

__all__ = ["key_rate", "ldpc", "reconciliation", "run"]

#: A row of the frame: parameters and results, numbers and text.
Row = dict[str, Any]

#: Column of the file that names a point.
_POINT = "__point__"
#: Key of the file's metadata.
_METADATA = b"qkdpp.sweep"
#: The file is written this often while points are finished (seconds), and at the end.
_SAVE_EVERY = 10.0


def run(
    point: Callable[..., Mapping[str, Any]],
    grid: Mapping[str, Iterable[Any]] | Iterable[Mapping[str, Any]],
    *,
    parquet: str | os.PathLike[str] | None = None,
    scheduler: "str | Client | None" = None,
    progress: Callable[[int, int], object] | bool | None = None,
) -> pd.DataFrame:
    """Calls `point(**parameters)` at every point of `grid`; one row per point, parameters first, then what it returned.

    point: a function of a module that the workers can import, such as those below, returning numbers and text. grid: the
    values of each parameter, which are combined in all ways, or a list of dicts, one per point; rows are in its order.
    parquet: where finished points are kept; a file of another function, or of another version of qkdpp, is refused.
    progress: a callable of (points done, points in all), False for nothing; by default a line on a terminal.

    Raises what a point raised, with its parameters, once the points finished before are saved.
    """
    wanted = {_name(parameters): parameters for parameters in _points(grid)}
    store = _Store(parquet, point)
    missing = {name: parameters for name, parameters in wanted.items() if name not in store.rows}
    if missing:
        report = _progress.line("points") if progress is None or progress is True else progress or None
        with _connected(scheduler) as client:
            _compute(client, point, missing, store, report)
    return pd.DataFrame([store.rows[name] for name in wanted])


def ldpc(
    *, qber: float, frame_bits: int = 65536, frames: int = 256, max_iterations: int = 60, seed: int = 0
) -> Row:
    """Frame error rate of the library's code for `qber`: see `qkdpp.simulate_ldpc`."""
    code = Code.for_qber(qber, frame_bits)
    seed_bytes = seed.to_bytes(32, "little")
    outcome = simulate_ldpc(
        code, qber, frames, max_iterations=max_iterations, seed=seed_bytes, progress=False
    )
    return {"m": code.m} | {name: value for name, value in outcome.items() if name != "frames"}


def reconciliation(
    *, method: Any, qber: float, bits: int = 1 << 20, runs: int = 1, seed: int = 0, **settings: Any
) -> Row:
    """f, frame error rate and traffic of a whole error correction: see `qkdpp.simulate_reconciliation`.

    Further parameters are keys of a profile's reconciliation table, such as `cascade="original"`.
    """
    outcome = simulate_reconciliation(
        method, qber, bits, runs, seed=seed, settings=settings, progress=False
    )
    return {name: value for name, value in outcome.items() if name != "runs"}


def key_rate(
    *,
    config: str,
    distance_km: float | None = None,
    slots: float | None = None,
    sifted_bits: float | None = None,
    f: float = 1.16,
) -> Row:
    """Key rate of a link in closed form: see `qkdpp.Config.key_rate`. config: name of a preset, or the text of a config."""
    link = Config.parse(config) if "\n" in config else Config(config)
    distance = None if distance_km is None else np.array([distance_km])
    rates = link.key_rate(distance, slots=slots, sifted_bits=sifted_bits, f=f)
    given = {"distance_km": distance_km, "slots": slots, "sifted_bits": sifted_bits}
    columns: dict[str, Any] = {**rates}
    return {name: column[0] for name, column in columns.items() if given.get(name) is None}


def _points(grid: Mapping[str, Iterable[Any]] | Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    if isinstance(grid, Mapping):
        axes = [list(values) for values in grid.values()]
        points: Iterable[Mapping[str, Any]] = (
            dict(zip(grid, values, strict=True)) for values in itertools.product(*axes)
        )
    else:
        points = grid
    for point in points:
        yield {name: _plain(value) for name, value in point.items()}


def _plain(value: Any) -> Any:
    """The Python number of a numpy scalar: they have one name and one JSON."""
    return value.item() if isinstance(value, np.generic) else value


def _name(parameters: Row) -> str:
    return json.dumps(parameters, sort_keys=True)


@contextmanager
def _connected(scheduler: "str | Client | None") -> Iterator[Client]:
    if isinstance(scheduler, Client):
        yield scheduler
    elif scheduler is not None:
        with Client(scheduler) as client:
            yield client
    else:
        threads = os.cpu_count() or 1
        with (
            LocalCluster(
                n_workers=1, threads_per_worker=threads, processes=False, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


def _compute(
    client: Client,
    point: Callable[..., Mapping[str, Any]],
    missing: Mapping[str, Row],
    store: "_Store",
    report: Callable[[int, int], object] | None,
) -> None:
    futures = {client.submit(point, **parameters, pure=False): name for name, parameters in missing.items()}
    try:
        for done, future in enumerate(as_completed(futures), 1):
            name = futures[future]
            try:
                result = future.result()
            except Exception as error:
                error.add_note(f"at the point {name}")
                raise
            store.add(name, missing[name], result)
            if report is not None:
                report(done, len(missing))
    except BaseException:
        # Ctrl-C as well: what has not begun is not begun any more.
        client.cancel(list(futures))
        raise
    finally:
        store.save()


class _Store:
    """The rows that are there, by the names of their points, and the file that keeps them."""

    def __init__(self, path: str | os.PathLike[str] | None, point: Callable[..., Any]) -> None:
        self.path = None if path is None else Path(path)
        self.rows: dict[str, Row] = {}
        self.made_by = {"function": f"{point.__module__}.{point.__qualname__}", "version": version("qkdpp")}
        self._saved_at = time.monotonic()
        self._unsaved = False
        if self.path is not None and self.path.exists():
            self._load(self.path)

    def add(self, name: str, parameters: Row, result: Mapping[str, Any]) -> None:
        twice = parameters.keys() & result.keys()
        if twice:
            raise ValueError(f"the point returns {sorted(twice)}, which are parameters as well")
        self.rows[name] = parameters | {key: _plain(value) for key, value in result.items()}
        self._unsaved = True
        if time.monotonic() - self._saved_at >= _SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Replaces the file at once: a crash leaves the old one or the new one."""
        if self.path is None or not self._unsaved:
            return
        frame = pd.DataFrame([{_POINT: name} | row for name, row in self.rows.items()])
        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({_METADATA: json.dumps(self.made_by).encode()})
        temporary = self.path.with_name(self.path.name + ".part")
        pq.write_table(table, temporary)
        temporary.replace(self.path)
        self._saved_at = time.monotonic()
        self._unsaved = False

    def _load(self, path: Path) -> None:
        table = pq.read_table(path)
        found = json.loads((table.schema.metadata or {}).get(_METADATA, b"null"))
        if found != self.made_by:
            raise ValueError(f"{path} is of {found}, not of {self.made_by}; choose another file")
        for row in table.to_pylist():
            self.rows[row.pop(_POINT)] = row
