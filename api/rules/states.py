"""One small state machine type, used by every aggregate that has a `status`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class IllegalTransition(Exception):
    """The action is not allowed from the current state."""

    def __init__(self, action: str, current: StrEnum) -> None:
        super().__init__(f"Cannot {action} while {current.value}.")
        self.action, self.current = action, current


@dataclass(frozen=True, slots=True)
class Machine[S: StrEnum]:
    """`actions` maps an action name to the states it leaves and the one it enters."""

    actions: Mapping[str, tuple[frozenset[S], S]]

    def apply(self, action: str, current: S) -> S:
        """The state after `action`; raises `IllegalTransition` when it is not allowed."""
        sources, target = self.actions[action]
        if current not in sources:
            raise IllegalTransition(action, current)
        return target

    def allowed(self, current: S) -> list[str]:
        """Names of the actions that can be taken now."""
        return [name for name, (sources, _) in self.actions.items() if current in sources]
