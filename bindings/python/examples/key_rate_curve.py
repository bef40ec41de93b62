"""From the optics of a link to its key-rate curve: closed form, a simulated block, a real key, efficiencies, curves.

`python key_rate_curve.py FOLDER` writes three plots into FOLDER; or run it cell by cell in an editor that knows `# %%`.
It takes some ten seconds.
"""

# %% The link, and what the model expects of it
import sys
import tempfile
from pathlib import Path
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import qkdpp

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("plots")
folder.mkdir(parents=True, exist_ok=True)

link = qkdpp.Config(str(Path(__file__).with_name("link.toml")))
expected = link.expected()
print(f"expected: {link.clock_hz * expected['key'].sum():.3g} sifted bits per second in the key basis")

# %% One block of it, simulated: both sides' records in memory
blocks = list(link.simulate(seed=1))
alice_batches = [(block, alice) for block, alice, _ in blocks]
bob_batches = [(block, bob) for block, _, bob in blocks]
slots = sum(batch.slots for _, batch in bob_batches)

# %% Sifting with numpy: detections per intensity where both sides took the key basis
counted = np.zeros(2)
for (_, alice), (_, bob) in zip(alice_batches, bob_batches, strict=True):
    key_basis = ~(alice.basis.to_numpy() | bob.basis.to_numpy())
    dim = alice.intensity[0].to_numpy()
    counted += [(key_basis & ~dim).sum(), (key_basis & dim).sum()]
deviation = (counted - slots * expected["key"]) / np.sqrt(slots * expected["key"])
print(f"counted {counted.astype(int)}, {deviation.round(2)} standard deviations from the expectation")
assert (np.abs(deviation) < 5).all()

figure, axes = plt.subplots(layout="constrained")
positions = np.arange(2)
axes.bar(positions - 0.2, slots * expected["key"], 0.4, label="closed form")
axes.bar(positions + 0.2, counted, 0.4, label="simulated")
axes.set_xticks(positions, ["signal", "decoy"])
axes.set_ylabel("sifted bits of a block, key basis")
axes.set_yscale("log")
axes.legend()
figure.savefig(folder / "sifted.png", dpi=150)

# %% The same block through the whole chain: two links in this process, with authentication keys of their own
secret = np.random.default_rng().bytes(64 + 32 * 256)
with tempfile.TemporaryDirectory() as pools:
    alice_pool, bob_pool = (qkdpp.Pool.create(Path(pools, name), secret) for name in ("alice", "bob"))
    of_alice, of_bob = qkdpp.run_pair(
        qkdpp.Link("alice", link, alice_pool), qkdpp.Link("bob", link, bob_pool), alice_batches, bob_batches
    )
[key], [report] = of_bob.keys, of_bob.reports
assert key.bits == of_alice.keys[0].bits
print(f"QBER {100 * report['qber']:.2f} %, f {report['f']:.3f}: {len(key)} secret bits, equal on both sides")

# %% What error correction costs at other error rates
qbers = np.array([0.005, 0.01, 0.02, 0.03, 0.05, 0.08])
figure, axes = plt.subplots(layout="constrained")
methods: tuple[Literal["cascade", "ldpc"], ...] = ("cascade", "ldpc")
for method in methods:
    runs = [qkdpp.simulate_reconciliation(method, float(qber), bits=1 << 17) for qber in qbers]
    axes.plot(100 * qbers, [run["f"] or np.nan for run in runs], "o-", label=method)
axes.set_xlabel("QBER (%)")
axes.set_ylabel("f, bits disclosed over the Shannon limit")
axes.legend()
figure.savefig(folder / "efficiency.png", dpi=150)

# %% The key-rate curve: finite blocks, with the f that this link has
distance_km = np.arange(0.0, 201.0, 4.0)
figure, axes = plt.subplots(layout="constrained")
for sifted_bits in (1e5, 1e6, 1e7, 1e9):
    rates = link.key_rate(distance_km, sifted_bits=sifted_bits, f=max(report["f"], 1.0))
    rate = rates["secret_bits_per_second"]
    assert (np.diff(rate) <= 0).all()
    axes.plot(distance_km, np.where(rate > 0, rate, np.nan), label=f"blocks of {sifted_bits:.0e} sifted bits")
axes.set_yscale("log")
axes.set_xlabel("fibre (km)")
axes.set_ylabel("secret bits per second")
axes.set_title(f"{link.profile['proof']['name']}, 1 GHz")
axes.legend()
figure.savefig(folder / "key_rate.png", dpi=150)
print(f"plots: {folder}")
