"""The code in the README: it runs, or where it needs hardware it is at least Python."""

import re
from pathlib import Path

import pytest
from conftest import ROOT

TEXT = (ROOT / "bindings/python/README.md").read_text(encoding="utf-8")
CURVE, SWEEP, LINK = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_first_curve_has_a_rate_for_each_distance() -> None:
    names: dict[str, object] = {}
    exec(compile(CURVE, "README.md", "exec"), names)
    assert len(names["rates"]["no_key"]) == 31  # type: ignore[index]


def test_the_first_sweep_leaves_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="qkdpp[sweep] is not installed")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(SWEEP, "README.md", "exec"), names)
    assert len(names["frame"]) == 24 and (tmp_path / "efficiency.parquet").exists()  # type: ignore[arg-type]


def test_the_first_link_is_python() -> None:
    compile(LINK, "README.md", "exec")
