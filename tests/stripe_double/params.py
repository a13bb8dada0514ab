"""What an operation accepts, read from the TypedDicts of the SDK (`stripe.params`).

`check(cls, values)` returns the values in their Python types or raises the error that Stripe
answers: unknown or missing parameter, wrong type, a literal that is none of the listed ones.
An "open" enum of the SDK (`Literal[...] | str`) admits values of other API versions in its types;
the API of this version refuses them, and so does the double.
"""

import sys
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import typing_extensions
from stripe._request_options import RequestOptions

from tests.stripe_double.errors import StripeFault, invalid

_OPTIONS = frozenset(RequestOptions.__annotations__)
"""The SDK's own options stand beside the parameters in its v1 types; none goes over the wire."""
_SCALARS = (int, float, bool, Decimal)
_UNIONS = (Union, types.UnionType)
_MISSES = (ValueError, StripeFault)


@cache
def fields(cls: type) -> dict[str, tuple[bool, Any]]:
    """Of each parameter of a TypedDict: whether it is required, and its type."""
    scope = vars(sys.modules[cls.__module__])
    required = cls.__required_keys__  # type: ignore[attr-defined]
    return {
        name: (name in required, _resolve(annotation, scope))
        for name, annotation in cls.__annotations__.items()
        if name not in _OPTIONS
    }


def check(cls: type, values: Mapping[str, Any], path: str = "", *, v2: bool = False) -> Any:
    """The values of a TypedDict, converted; `path` names where they stand in the request."""
    known = fields(cls)
    if unknown := [_at(path, name) for name in values if name not in known]:
        plural = "s" if len(unknown) > 1 else ""
        raise invalid(
            f"Received unknown parameter{plural}: {', '.join(unknown)}",
            param=unknown[0],
            code="parameter_unknown",
        )
    for name, (required, _) in known.items():
        if required and name not in values:
            place = _at(path, name)
            raise invalid(
                f"Missing required param: {place}.", param=place, code="parameter_missing"
            )
    return {
        name: _convert(known[name][1], value, _at(path, name), v2) for name, value in values.items()
    }


def _at(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _resolve(annotation: Any, scope: dict[str, Any]) -> Any:
    """The type itself, with names looked up in the module of the SDK that wrote them."""
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        annotation = eval(annotation, scope)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (typing_extensions.NotRequired, typing_extensions.Required):
        return _resolve(args[0], scope)
    if origin is Literal or not args:
        return annotation
    resolved = tuple(_resolve(arg, scope) for arg in args)
    return Union[resolved] if origin in _UNIONS else types.GenericAlias(origin, resolved)  # noqa: UP007


def _convert(kind: Any, value: Any, path: str, v2: bool) -> Any:
    options = get_args(kind) if get_origin(kind) in _UNIONS else (kind,)
    literals = [a for o in options if get_origin(o) is Literal for a in get_args(o)]
    if isinstance(value, dict | list):
        return _structure(options, value, path, v2)
    if value in literals:
        return value
    if value == "" and not v2:
        return _empty(options, literals, path)
    if value is None and v2:
        return None
    closed = any(literals)
    scalars = [o for o in options if o in _SCALARS or (o is str and not closed)]
    for scalar in sorted(scalars, key=lambda o: o is str):
        try:
            return _scalar(scalar, value, v2)
        except ValueError:
            continue
    if closed:
        choice = " or ".join(str(each) for each in literals if each != "")
        raise invalid(f"Invalid {path}: must be one of {choice}", param=path)
    if int in scalars:
        raise invalid(f"Invalid integer: {value}", param=path, code="parameter_invalid_integer")
    word = {bool: "boolean", float: "decimal", Decimal: "decimal", str: "string"}
    wanted = word[scalars[0]] if scalars else "array" if _of(options, list) else "object"
    raise invalid(f"Invalid {wanted}: {value}", param=path)


def _empty(options: tuple[Any, ...], literals: list[Any], path: str) -> Any:
    """An empty string unsets a parameter of v1, except one that is a plain text."""
    if str in options and not literals:
        raise invalid(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to"
            f" unset a parameter; however '{path}' cannot be unset.",
            param=path,
            code="parameter_invalid_empty",
        )
    return ""


def _scalar(kind: type, value: Any, v2: bool) -> Any:
    if kind is bool:
        if isinstance(value, bool) or (not v2 and value in ("true", "false")):
            return value in (True, "true")
        raise ValueError
    fits = not isinstance(value, bool) and (kind is not str or isinstance(value, str))
    if not fits:
        raise ValueError(value)
    try:
        return kind(value)
    except InvalidOperation:
        raise ValueError(value) from None


def _structure(options: tuple[Any, ...], value: Any, path: str, v2: bool) -> Any:
    items = _items(value)
    if items is not None and (lists := _of(options, list)):
        inner = get_args(lists[0])[0]
        return [_convert(inner, item, f"{path}[{n}]", v2) for n, item in enumerate(items)]
    if isinstance(value, dict):
        if typed := [option for option in options if hasattr(option, "__required_keys__")]:
            return _first_of(typed, value, path, v2)
        if maps := _of(options, dict):
            inner = get_args(maps[0])[1]
            return {
                key: "" if item == "" else _convert(inner, item, f"{path}[{key}]", v2)
                for key, item in value.items()
            }
    raise invalid(f"Invalid {'array' if items is None else 'object'}", param=path)


def _first_of(typed: list[Any], value: Any, path: str, v2: bool) -> Any:
    """What the first fitting of several shapes makes of it, else the refusal of the last."""
    for option in typed[:-1]:
        try:
            return check(option, value, path, v2=v2)
        except _MISSES:
            continue
    return check(typed[-1], value, path, v2=v2)


def _of(options: tuple[Any, ...], origin: type) -> list[Any]:
    return [option for option in options if get_origin(option) is origin]


def _items(value: Any) -> list[Any] | None:
    """A list, or the form of one that indexes its members (`a[0]`, `a[1]`)."""
    if isinstance(value, list):
        return value
    if value and all(key.isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return None
