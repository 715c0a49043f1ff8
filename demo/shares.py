"""Whose turn it is: who has had least, an address first and then its visitors.

Start-time fair queueing (Goyal, Vin & Cheng, 1996): who comes back after a pause goes on from where
the others are, and has not saved up anything.
"""

from collections import OrderedDict

REMEMBERED = 4096
"""Addresses and visitors; the others had their last turn too long ago to matter."""


class Shares:
    """What each address, and each visitor of it, has had: turns, or seconds."""

    def __init__(self) -> None:
        self._had: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._now: OrderedDict[tuple[str, ...], float] = OrderedDict()
        """Where the last one served began: of all addresses, (), and of the visitors of one."""

    def of(self, address: str, visitor: str) -> tuple[float, float]:
        """The smaller, the sooner it is theirs; (0, 0) for who had none."""
        return self._had.get((address,), 0.0), self._had.get((address, visitor), 0.0)

    def take(self, address: str, visitor: str, amount: float = 1.0) -> None:
        """They are served now, and have this much."""
        for who in ((address,), (address, visitor)):
            start = max(self._had.get(who, 0.0), self._now.get(who[:-1], 0.0))
            self._now[who[:-1]], self._had[who] = start, start + amount
            self._now.move_to_end(who[:-1])
            self._had.move_to_end(who)
        for known in (self._had, self._now):
            while len(known) > REMEMBERED:
                known.popitem(last=False)

    def add(self, address: str, visitor: str, amount: float) -> None:
        """What they took turned out to be this much more."""
        for who in ((address,), (address, visitor)):
            if who in self._had:
                self._had[who] += amount

    def copy(self) -> "Shares":
        """For looking ahead."""
        ahead = Shares()
        ahead._had, ahead._now = self._had.copy(), self._now.copy()
        return ahead
