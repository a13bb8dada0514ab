"""OCDS's own schema, built with extensions (KERBEN_SHARED_DATA): an outside judge of packages.

Strict: a member that neither OCDS, a listed extension nor ours knows is a fault, and so is a code
outside an open code list.
"""

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft4Validator

from api.opendata.ocds import schemas

LANGUAGE = re.compile(r"_(ky|ru|en|zh)$")


class Standard:
    """The schemas of a folder as `recipe` in the shared data builds them, our extension applied."""

    def __init__(self, folder: Path) -> None:
        built = folder / "built"
        release = json.loads((built / "release-schema.json").read_text())
        self.release = schemas.patched(release, schemas.extension())
        links = folder / "extensions" / "pagination" / "master"
        self.packages = {}
        for kind in ("release", "record"):
            whole = json.loads((built / f"{kind}-package-schema.json").read_text())
            patch = json.loads((links / f"{kind}-package-schema.json").read_text())
            added = {"properties": patch["properties"]}  # its `required` is empty: no schema
            self.packages[kind] = schemas.patched(whole, added)
        self.codes = {
            path.name: {row["Code"] for row in csv.DictReader(path.read_text().splitlines())}
            for path in (
                *(built / "codelists").glob("*.csv"),
                *(schemas.EXTENSION / "codelists").glob("*.csv"),
            )
        }
        # The official list lacks the national classifications that the Kyrgyz portal uses.
        self.codes["itemClassificationScheme.csv"] |= {"OKGZ", "TNVED"}
        local = {k: v for k, v in self.release.items() if k not in ("id", "$schema")}
        self._validator = Draft4Validator(local, validate_formats=True)
        self._packages = {
            kind: Draft4Validator(
                {k: v for k, v in schema.items() if k not in ("id", "$schema")},
                validate_formats=True,
            )
            for kind, schema in self.packages.items()
        }

    def faults(self, release: Any) -> list[str]:
        """What is wrong with a release."""
        found = [f"{e.instance_path}: {e.message}" for e in self._validator.iter_errors(release)]
        return found + [*self._walk(release, self.release, "")]

    def package_faults(self, package: Any) -> list[str]:
        """What is wrong with a release or record package, its releases included."""
        kind = "release" if "releases" in package else "record"
        found = [
            f"{e.instance_path}: {e.message}" for e in self._packages[kind].iter_errors(package)
        ]
        unknown = package.keys() - self.packages[kind]["properties"].keys()
        found += [f"additional field /{name}" for name in unknown]
        for release in package.get("releases", []):
            found += self.faults(release)
        for record in package.get("records", []):
            found += self._compiled_faults(record["compiledRelease"])
        return found

    def _compiled_faults(self, release: Any) -> Iterator[str]:
        yield from self._walk(release, self.release, "")

    def _walk(self, value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
        schema = self._resolved(schema)
        if isinstance(value, list):
            for i, each in enumerate(value):
                yield from self._walk(each, schema.get("items", {}), f"{path}/{i}")
        elif isinstance(value, dict):
            properties = schema.get("properties", {})
            for name, inner in value.items():
                if name not in properties:
                    if properties and LANGUAGE.sub("", name) not in properties:
                        yield f"additional field {path}/{name}"
                    continue
                known = self._resolved(properties[name])
                yield from self._coded(inner, known, f"{path}/{name}")
                yield from self._walk(inner, known, f"{path}/{name}")

    def _coded(self, value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
        if "codelist" not in schema or value is None:
            return
        allowed = self.codes.get(schema["codelist"])
        for code in value if isinstance(value, list) else [value]:
            if allowed is not None and code is not None and code not in allowed:
                yield f"{path}: {code!r} is not in {schema['codelist']}"

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return schema
        found: dict[str, Any] = self.release["definitions"][schema["$ref"].rpartition("/")[2]]
        return found


@cache
def load(folder: Path) -> Standard:
    """The schemas of a folder, read once."""
    return Standard(folder)
