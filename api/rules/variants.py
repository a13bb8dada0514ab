"""Variants of a product: goods that differ along a few axes, each combination at most once. Pure."""

from collections.abc import Collection, Mapping, Sequence

from api.rules.offers import Finding

MAX_AXES = 3
MAX_VARIANTS = 500
"""Of one group: what a person can look through, and one transaction can write."""

type Values = Mapping[str, str]


def key(axes: Sequence[str], values: Values) -> tuple[str, ...]:
    """What tells a variant from the others of its group; case and outer space do not."""
    return tuple(values.get(axis, "").strip().casefold() for axis in axes)


def findings(
    axes: Sequence[str], new: Sequence[Values], there: Collection[tuple[str, ...]] = ()
) -> list[Finding]:
    """What is wrong with variants that are to be added to those `there` (by `key`).

    Nothing else is said where there would be more than `MAX_VARIANTS`.
    """
    if len(new) + len(there) > MAX_VARIANTS:
        detail = (
            f"A group has {MAX_VARIANTS} variants at most; these would be {len(new) + len(there)}"
        )
        return [Finding("variants", "too_many_variants", detail)]
    found, seen = [], {*there}
    for i, values in enumerate(new):
        at = f"variants/{i}/values"
        if set(values) != set(axes):
            detail = f"A value is needed for each of {', '.join(axes)}, and for nothing else"
            found.append(Finding(at, "not_the_axes", detail))
        elif (own := key(axes, values)) in seen:
            found.append(Finding(at, "variant_repeated", "The group has this combination already"))
        else:
            seen.add(own)
    return found
