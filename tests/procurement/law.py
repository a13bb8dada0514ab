"""Law of tests: of Kazakhstan, which the package ships no rules for."""

from typing import Any

PARAMETERS: dict[str, Any] = {
    "calendar": "KG",
    "min_tendering_duration": {"days": 10, "unit": "calendar", "rounding": "none"},
    "min_extension": {"days": 2, "unit": "calendar", "rounding": "none"},
}


def policy_set(**changed: Any) -> dict[str, Any]:
    """A set that can be entered as it is; `changed` are parameters."""
    parameters = {**PARAMETERS, **changed}
    return {
        "jurisdiction": "KZ",
        "regime": "state",
        "procedure": "open",
        "valid_from": "2026-01-01",
        "title": {"ru": "Открытый конкурс", "en": "Open"},
        "codes": {"ocds": "open", "kg": "oneStage", "eforms": "open"},
        "legal_source": "Test law of 1 January 2026",
        "parameters": parameters,
        "sources": {
            name: {"text": f"Test law, article {name}", "reviewed": True} for name in parameters
        },
    }
