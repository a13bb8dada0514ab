"""Demands, supplies and circumstances as the JSON that a match keeps, and back."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from api.rules.matching import Circumstances, Demand, Parameters, Signals, Supply

_DEMAND = TypeAdapter(Demand)
_SUPPLY = TypeAdapter(Supply)
_SIGNALS = TypeAdapter(Signals)
_AROUND = TypeAdapter(Circumstances)
_PARAMETERS = TypeAdapter(Parameters)


def demand_out(demand: Demand) -> dict[str, Any]:
    """A demand as JSON."""
    return dict(_DEMAND.dump_python(demand, mode="json"))


def demand_in(content: Mapping[str, Any]) -> Demand:
    """The demand of stored JSON."""
    return _DEMAND.validate_python(content)


def parameters_in(content: Mapping[str, Any]) -> Parameters:
    """The parameters of a stored model; its notes are left out."""
    return _PARAMETERS.validate_python({k: v for k, v in content.items() if k != "notes"})


def parameters_out(parameters: Parameters) -> dict[str, Any]:
    """A model's parameters as JSON."""
    return dict(_PARAMETERS.dump_python(parameters, mode="json"))


def inputs_out(
    demand: Mapping[str, Any], supply: Supply, signals: Signals, around: Circumstances, seed: str
) -> dict[str, Any]:
    """Everything that a score was computed from; `demand` as `demand_out` gives it."""
    return {
        "demand": demand,
        "supply": _SUPPLY.dump_python(supply, mode="json"),
        "signals": _SIGNALS.dump_python(signals, mode="json"),
        "circumstances": _AROUND.dump_python(around, mode="json"),
        "tie_seed": seed,
    }


def inputs_in(content: Mapping[str, Any]) -> tuple[Demand, Supply, Signals, Circumstances]:
    """What `inputs_out` wrote."""
    return (
        demand_in(content["demand"]),
        _SUPPLY.validate_python(content["supply"]),
        _SIGNALS.validate_python(content["signals"]),
        _AROUND.validate_python(content["circumstances"]),
    )
