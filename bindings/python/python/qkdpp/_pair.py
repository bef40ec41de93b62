"""Both sides of a link in one process: for tests, simulations, and as the pattern of a loop around one side."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ._native import Batch, Key, Link

#: How long to wait for a computation before looking at the other side again (seconds).
_PATIENCE = 0.01


@dataclass
class Outcome:
    """What one side has delivered, in order."""

    #: Keys, which the peer has as well.
    keys: list[Key] = field(default_factory=list)
    #: The account of every block, with or without a key; nothing in it is secret.
    reports: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Side:
    link: Link
    batches: Iterator[tuple[int, Batch]]
    outcome: Outcome = field(default_factory=Outcome)
    ended: bool = False

    def step(self, peer: Link) -> bool:
        """Does everything that can be done now; False if there was nothing."""
        moved = False
        if not self.ended and self.link.wants_pulses:
            moved = True
            following = next(self.batches, None)
            if following is None:
                self.ended = True
            else:
                self.link.pulses(following[1])
        self.link.work()
        while (message := self.link.next_message()) is not None:
            moved = True
            peer.message(message)
        while (event := self.link.next_event()) is not None:
            moved = True
            if isinstance(event, Key):
                self.outcome.keys.append(event)
            else:
                self.outcome.reports.append(event)
        return moved


def run_pair(
    alice: Link,
    bob: Link,
    alice_batches: Iterable[tuple[int, Batch]],
    bob_batches: Iterable[tuple[int, Batch]],
    *,
    on_report: Callable[[dict[str, Any]], object] | None = None,
) -> tuple[Outcome, Outcome]:
    """Runs both sides until their records end, and returns what Alice and what Bob has delivered.

    The batches are pairs of (block, Batch), as a `RecordReader` gives them; both records end with the same block.
    on_report: called with Bob's report of each block as it ends, to show progress. Ctrl-C interrupts.
    """
    sides = (_Side(alice, iter(alice_batches)), _Side(bob, iter(bob_batches)))
    shown = 0
    while True:
        moved = [sides[0].step(bob), sides[1].step(alice)]
        for report in sides[1].outcome.reports[shown:]:
            shown += 1
            if on_report is not None:
                on_report(report)
        if any(moved):
            continue
        busy = [side for side in sides if side.link.open_jobs]
        for side in busy:
            side.link.wait(_PATIENCE)
        if not busy:
            break
    left = [side.link.open_blocks for side in sides]
    if any(left):
        raise ValueError(f"the records do not end with the same block: Alice has {left[0]} open, Bob {left[1]}")
    return sides[0].outcome, sides[1].outcome
