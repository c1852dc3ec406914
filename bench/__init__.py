"""The promises that are numbers. `make bench` measures all of them, always against a rival in the same run.

A file of this folder has `measure(quick) -> Iterator[Outcome]`; `quick` makes it short enough to try it out. A ratio of
two speeds, measured in turns, holds on machines that are slower or busy; a speed alone does not.
"""

from typing import Literal

from msgspec import Struct


class Outcome(Struct, frozen=True):
    """One promise and what was measured: `measured` is to be at least, or at most, `wanted`."""

    promise: str
    ours: str  # with its unit
    rival: str  # with its unit, or '' when the promise is a plain limit
    measured: float
    wanted: float
    sense: Literal["at least", "at most"] = "at least"

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.measured >= self.wanted if self.sense == "at least" else self.measured <= self.wanted
