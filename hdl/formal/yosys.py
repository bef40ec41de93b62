"""The command `yosys -ql LOG SCRIPT` as sby calls it, by the native Yosys of the package pyosys."""

import sys

from pyosys import libyosys


def main():
    if len(sys.argv) != 4 or sys.argv[1] != "-ql":
        sys.exit(f"usage: {sys.argv[0]} -ql LOG SCRIPT")
    _, _, log, script = sys.argv
    libyosys.run_pass(f"tee -q -o {log} script {script}", libyosys.Design())


if __name__ == "__main__":
    main()
