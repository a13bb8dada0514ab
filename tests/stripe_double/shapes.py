"""Answers held against the SDK's classes: no field that it does not know, none that it requires missing."""

from functools import cache
from types import NoneType
from typing import Any, ForwardRef, get_args

from stripe._object_classes import get_object_class

Json = dict[str, Any]
_ONLY_EXPANDED = {
    ("charge", "refunds"),
    ("checkout.session", "line_items"),
    ("customer", "sources"),
    ("customer", "subscriptions"),
    ("customer", "tax_ids"),
    ("customer", "deleted"),
    ("product", "deleted"),
    ("price", "deleted"),
    ("invoice", "deleted"),
    ("invoice", "payments"),
    ("webhook_endpoint", "deleted"),
    ("webhook_endpoint", "secret"),
    ("subscription_item", "deleted"),
}
"""Not in an answer unless it is asked for, or of objects that are no more."""


def sdk_class(name: str) -> type:
    return get_object_class("V2" if name.startswith("v2.") else "V1", name)


@cache
def fields(cls: type) -> dict[str, bool]:
    """Of each field of a resource, whether an answer always has a value for it."""
    renamed = getattr(cls, "_field_remappings", {})
    return {
        renamed.get(name, name): not _optional(annotation)
        for name, annotation in cls.__annotations__.items()
        if name != "OBJECT_NAME" and not name.startswith("_")
    }


def _optional(annotation: Any) -> bool:
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        return annotation.startswith("Optional[")
    return NoneType in get_args(annotation)


def filled(name: str, values: Json) -> Json:
    """A new object with null in each field that may be null and was not given."""
    known = fields(sdk_class(name))
    empty = {
        key: None
        for key, always in known.items()
        if not always and (name, key) not in _ONLY_EXPANDED
    }
    made = {**empty, "object": name, "livemode": False, **values}
    for common in ("livemode", "created"):
        if common not in known:
            del made[common]
    if name == "payment_method":
        made = {key: value for key, value in made.items() if key not in empty or value is not None}
        made |= {"customer": values.get("customer"), "metadata": values.get("metadata", {})}
    return made


def differences(value: Any, cls: type | None = None, path: str = "") -> list[str]:
    """Where an answer has a field that the SDK does not know or lacks one that it promises."""
    if isinstance(value, list):
        return [
            fault
            for n, item in enumerate(value)
            for fault in differences(item, cls, f"{path}[{n}]")
        ]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("object"), str) and value["object"] != "list":
        cls = sdk_class(value["object"])
        path = f"{path}<{value['object']}>"
    if value.get("object") == "list":
        return differences(value["data"], None, f"{path}.data")
    if cls is None or not (known := fields(cls)):
        return []
    if value.get("deleted") is True:
        return []
    inner = getattr(cls, "_inner_class_types", {})
    faults = [f"{path}.{key} is unknown" for key in value if key not in known and key != "data"]
    faults += [
        f"{path}.{key} is missing"
        for key, always in known.items()
        if always and value.get(key) is None
    ]
    for key, item in value.items():
        if key not in ("metadata", "evidence"):
            faults += differences(item, inner.get(key), f"{path}.{key}")
    return faults
