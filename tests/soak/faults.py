"""What is broken while clients work, in an order drawn from the seed."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.soak.installation import Installation
from tests.soak.receivers import Mood, Receiver

FLAPS = tuple(mood for mood in Mood if mood is not Mood.HEALTHY)


@dataclass
class Faults:
    """Breaks one thing at a time; endpoints flap besides, each on its own."""

    installation: Installation
    dice: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def kinds(self) -> dict[str, Callable[[], None]]:
        """Faults by name; how long something stays away is drawn."""
        here, dice = self.installation, self.dice
        return {
            "worker killed": lambda: here.kill(
                dice.choice(("worker 1", "worker 2")), dice.uniform(0, 3)
            ),
            "broker restarted": lambda: here.restart_broker(dice.uniform(0.5, 6)),
            "database crashed": lambda: here.crash_database(dice.uniform(0.2, 4)),
            "relay killed": lambda: here.kill("relay", dice.uniform(0, 3)),
            "API killed": lambda: here.kill("api", dice.uniform(0, 1)),
        }

    def strike(self, seconds: float, pause: tuple[float, float], stop: threading.Event) -> None:
        """Each fault in turn, in an order drawn anew each round, with pauses, for so long."""
        end = time.monotonic() + seconds
        for name, fault in self._rounds():
            stop.wait(self.dice.uniform(*pause))
            if stop.is_set() or time.monotonic() > end:
                return
            try:
                fault()
            except Exception as error:  # what cannot be started again is a result of the soak
                self.broken.append(f"{name}: {error!r}")
                raise
            self.counts[name] += 1

    def flap(self, receivers: Sequence[Receiver], stop: threading.Event) -> None:
        """Let a receiver be ill and well in turn."""
        while not stop.is_set():
            for receiver in receivers:
                mood = self.dice.choice(FLAPS)
                receiver.turn(mood)
                self.counts[f"endpoint {mood}"] += 1
                stop.wait(self.dice.uniform(2, 5))
                receiver.turn(Mood.HEALTHY)
            stop.wait(self.dice.uniform(3, 8))

    def _rounds(self) -> Iterator[tuple[str, Callable[[], None]]]:
        while True:
            names = [*self.kinds()]
            self.dice.shuffle(names)
            for name in names:
                yield name, self.kinds()[name]
