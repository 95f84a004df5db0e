"""YAML with the line of everything in it, so that a mistake can be shown where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

Place = tuple[str | int, ...]
"""Keys and positions that lead to a value, from the outside in."""

_BOOL: Final = "tag:yaml.org,2002:bool"


class YamlError(ValueError):
    """The text is no YAML, or says one key twice; the message names the line."""


class _Loader(yaml.SafeLoader):
    """YAML 1.1 would read `off`, `on`, `yes` and `no` as truth values; here they are words."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|false)$", re.IGNORECASE), list("tTfF"))


def parse(text: str) -> tuple[Any, dict[Place, int]]:
    """The data, and the line (from 1) of every value and key by its place. Raises YamlError."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines = dict(_lines(node, ()))
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}" if mark else "the file"
        raise YamlError(f"{where}: {error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise YamlError(f"the file cannot be read as YAML: {error}.") from None
    finally:
        loader.dispose()


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for position, part in enumerate(node.value):
            yield from _lines(part, (*place, position))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, part in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise YamlError(f"line {line}: “{name}” is given twice.")
            seen.add(name)
            yield from _lines(part, (*place, name))
            yield (*place, name), line
