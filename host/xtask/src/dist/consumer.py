"""A vendor's script: both sides of a link from records to keys, as `qkdpp distill --seed --keys` writes them."""

import sys
from pathlib import Path

from qkdpp import Config, InsecureSeed, Link, Pool, RecordReader, run_pair

seed = InsecureSeed(int(sys.argv[1]))
config = Config("link.toml")
secret = Path("secret").read_bytes()
sides = [Link(role, config, Pool.create(f"{role}-python.pool", secret), seed=seed) for role in ("alice", "bob")]
records = [RecordReader(f"run/{role}.qkdraw", role) for role in ("alice", "bob")]
_, bob = run_pair(*sides, *records)
lines = [f"block {key.block}: {len(key)} bits {key.bits.packed.tobytes().hex()}\n" for key in bob.keys]
Path(sys.argv[2]).write_text("".join(lines))
