"""The line that long work draws on a terminal."""

import sys
import time
from collections.abc import Callable

#: Work that takes less is over before a line would help anybody (seconds).
_QUIET = 1.0
#: Time between two updates (seconds).
_PAUSE = 0.1


def line(unit: str) -> Callable[[int, int], None]:
    """A callable of (done, total) that draws `done of total unit` on the standard error output, if that is a terminal."""
    began = time.monotonic()
    drawn = 0.0

    def draw(done: int, total: int) -> None:
        nonlocal drawn
        now = time.monotonic()
        finished = done >= total
        if not sys.stderr.isatty() or now - began < _QUIET or (now - drawn < _PAUSE and not finished):
            return
        drawn = now
        left = (now - began) * (total - done) / max(done, 1)
        text = f"{done} of {total} {unit}, " + (f"{now - began:.0f} s" if finished else f"{left:.0f} s left")
        sys.stderr.write(f"\r\x1b[K{text}" + ("\n" if finished else ""))
        sys.stderr.flush()

    return draw
