"""Key lengths and rates beside formulas written anew, and beside the program."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qkdpp
from reference import entropy

TL_2017 = {"name": "tl-2017", "eps_sec": 1e-10, "eps_cor": 1e-15}


def counts(n: int, k: int, errors: float, leak: float) -> dict[str, Any]:
    """Single photons: n key bits, k test bits, both with the same error rate."""
    m_key, m_test = [round(errors * n)], [round(errors * k)]
    return {"mu": [], "p": [], "n_key": [n], "m_key": m_key, "n_test": [k], "m_test": m_test, "leak": leak}


def tlgr_2012(n: int, k: int, qber: float, leak: float, eps_sec: float, eps_cor: float) -> int:
    """Tomamichel, Lim, Gisin, Renner, Nat. Commun. 3, 634 (2012), equations (1) and (2)."""
    eps = eps_sec / 4
    mu = np.sqrt((n + k) / (n * k) * (k + 1) / k * np.log(1 / eps))
    return int(np.floor(n * (1 - entropy(qber + mu)) - leak - np.log2(2 / (eps_sec**2 * eps_cor))))


@pytest.mark.parametrize("n", [20_000, 10**6])
def test_a_proof_gives_what_its_paper_says(n: int) -> None:
    k, qber = n // 10, 0.02
    leak = 1.1 * n * entropy(qber)
    proof = {"name": "tlgr-2012", "eps_sec": 1e-10, "eps_cor": 1e-15}
    answer = qkdpp.evaluate_proof(proof, counts(n, k, qber, leak))
    written_anew = tlgr_2012(n, k, qber, leak, 1e-10, 1e-15)
    # The paper's equations leave room for the order in which epsilons are spent.
    assert answer["rigorous"] and abs(answer["ell"] - written_anew) <= 0.01 * n


def test_counts_may_be_numpy_arrays() -> None:
    given = counts(10**6, 10**5, 0.02, 2e5)
    arrays: dict[str, Any] = {name: np.array(value) for name, value in given.items()} | {"mu": [], "p": []}
    assert qkdpp.evaluate_proof(TL_2017, arrays) == qkdpp.evaluate_proof(TL_2017, given)


def test_no_key_is_an_answer_and_bad_input_is_not() -> None:
    answer = qkdpp.evaluate_proof(TL_2017, counts(1000, 100, 0.02, 200.0))
    assert answer["ell"] == 0 and answer["no_key"] is not None
    assert answer["growth_for_key"] is not None and answer["growth_for_key"] > 1
    good = counts(1000, 100, 0.02, 200.0)
    with pytest.raises(ValueError, match=r"proof: .*eps_cor"):
        qkdpp.evaluate_proof({"name": "tl-2017", "eps_sec": 1e-10}, good)
    with pytest.raises(ValueError, match=r"m_key\[0\] is 2000"):
        qkdpp.evaluate_proof(TL_2017, good | {"m_key": [2000]})
    with pytest.raises(ValueError, match="not JSON compliant"):
        qkdpp.evaluate_proof(TL_2017, good | {"leak": float("nan")})


def test_a_curve_falls_and_ends() -> None:
    distances = np.arange(0.0, 301.0, 25.0)
    rates = qkdpp.Config("fibre-50km").key_rate(distances)
    np.testing.assert_array_equal(rates["distance_km"], distances)
    assert (np.diff(rates["secret_bits_per_second"]) <= 0).all()
    assert rates["secret_bits"][0] > 10**6 and rates["secret_bits"][-1] == 0
    assert rates["no_key"][0] is None and rates["no_key"][-1] is not None
    assert all(values.dtype == np.float64 for values in (rates["qber"], rates["leak_bits"]))


def test_leakage_is_f_times_the_shannon_limit_and_the_tags() -> None:
    config = qkdpp.Config("fibre-50km")
    rates = config.key_rate(f=1.2)
    n, qber = int(rates["sifted_bits"][0]), rates["qber"][0]
    verification = config.profile["verification"]
    tags = -(-n // verification["segment_bits"]) * (verification["tag_bits"] + 1)
    assert rates["leak_bits"][0] == pytest.approx(1.2 * n * entropy(qber) + tags, rel=1e-12)


def test_expected_gains_are_those_of_the_textbook(small_link: qkdpp.Config) -> None:
    """Lim et al. 2014 without after-pulses and dead time: D = 1 - (1 - 2 d) exp(-eta mu), at 10 km."""
    text = qkdpp.Config("fibre-50km").text
    text = text.replace("km = 50.0", "km = 10.0")
    text = text.replace("after_pulse_probability = 0.01", "after_pulse_probability = 0.0")
    text = text.replace("dead_time_slots = 30\nkey", "dead_time_slots = 0\nkey")
    expected = qkdpp.Config.parse(text).expected()
    mu, eta = np.array([0.43, 0.20, 2e-4]), 0.2 * 10**-0.2
    np.testing.assert_allclose(expected["gain"], 1 - (1 - 2e-7) * np.exp(-eta * mu), rtol=1e-6)
    assert expected["detections_per_slot"] == pytest.approx(
        expected["gain"] @ np.array([0.41, 0.45, 0.14]), rel=1e-12
    )
    assert small_link.expected()["gain"].shape == (1,)


def test_rates_are_those_of_the_program(program: Callable[..., str]) -> None:
    distances = ("--distance", "0..100:20", "--slots", "1e11", "--f", "1.2")
    printed = json.loads(program("keyrate", "sweep", "--config", "fibre-50km", "--json", *distances))
    rates = qkdpp.Config("fibre-50km").key_rate(np.arange(0.0, 101.0, 20.0), slots=1e11, f=1.2)
    columns: dict[str, Any] = {**rates}
    for name in ("secret_bits", "sifted_bits", "leak_bits", "qber", "secret_bits_per_second"):
        assert columns[name].tolist() == [point[name] for point in printed["points"]], name


def test_bad_configs_and_arguments_are_named(tmp_path: Path) -> None:
    config = qkdpp.Config("fibre-50km")
    assert config.name in dict(qkdpp.presets())
    with pytest.raises(ValueError, match='no preset and no file is called "moon"'):
        qkdpp.Config("moon")
    with pytest.raises(FileNotFoundError, match="missing.toml"):
        qkdpp.Config(str(tmp_path / "missing.toml"))
    with pytest.raises(ValueError, match="mine: line 1"):
        qkdpp.Config.parse("[link", "mine")
    with pytest.raises(ValueError, match="link.detector.efficiency = -0.2"):
        qkdpp.Config.parse(config.text.replace("efficiency = 0.2", "efficiency = -0.2"))
    with pytest.raises(ValueError, match="slots or sifted_bits, not both"):
        config.key_rate(slots=1e9, sifted_bits=1e7)
    with pytest.raises(ValueError, match="f is 0.9"):
        config.key_rate(f=0.9)
    with pytest.raises(ValueError, match="link.loss.fibre.km = NaN"):
        config.key_rate(np.array([np.nan]))
    with pytest.raises(ValueError, match="no fibre"):
        qkdpp.Config("daylight-275m").key_rate(np.array([1.0]))
