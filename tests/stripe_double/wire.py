"""Bodies as they come over the wire: forms with brackets in v1, JSON in v2."""

import re
from typing import Any
from urllib.parse import parse_qsl

_PARTS = re.compile(r"\[([^\]]*)\]")


def decode_form(text: str) -> dict[str, Any]:
    """`a[b][0]=x` as `{"a": {"b": {"0": "x"}}}`; `a[]=x` as a list."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, *_ = name.split("[", 1)
        _put(tree, [head, *_PARTS.findall(name[len(head) :])], value)
    return tree


def _put(tree: dict[str, Any], parts: list[str], value: str) -> None:
    *branches, leaf = parts
    if not leaf:
        leaf = branches.pop()
        parent = _descend(tree, branches)
        parent.setdefault(leaf, {})
        parent[leaf][str(len(parent[leaf]))] = value
        return
    _descend(tree, branches)[leaf] = value


def _descend(tree: dict[str, Any], branches: list[str]) -> dict[str, Any]:
    for branch in branches:
        tree = tree.setdefault(branch, {})
    return tree
