"""Finds which constraints of a service model the members of a request break.

A shape is compiled once to a function; a shape without constraints is compiled to None, and its values are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.strict.faults import NOT_NULL, Fault, display
from localaws.strict.scalars import ENUM, constraints_of, problems_of, range_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    from localaws.strict.faults import Kind
    from localaws.strict.scalars import Problems

    Check = Callable[[Any, str, list[Fault]], None]


class Compiler:
    """Compiles the shapes of one service.

    `renamed` has the names that AWS uses in messages where they differ from the model; `lenient` the names of shapes
    whose own constraints AWS does not enforce, `caseless` of those whose enum it compares without case.
    """

    def __init__(self, renamed: Mapping[str, str], lenient: Collection[str], caseless: Collection[str] = ()) -> None:
        self._renamed = renamed
        self._lenient = lenient
        self._caseless = caseless
        self._compiled: dict[str, Check | None] = {}
        self._compiling: set[str] = set()

    def compile(self, shape: Shape) -> Check | None:
        """Return a function that appends the faults of a value to a list, or None for a shape without constraints."""
        name = _key(shape)
        if name in self._compiling:  # a shape that contains itself: its check is looked up when a value is checked
            return lambda value, path, faults: self._check_again(name, value, path, faults)
        if name not in self._compiled:
            self._compiling.add(name)
            self._compiled[name] = self._compile(shape)
            self._compiling.remove(name)
        return self._compiled[name]

    def _check_again(self, name: str, value: Any, path: str, faults: list[Fault]) -> None:
        check = self._compiled[name]
        if check is not None:
            check(value, path, faults)

    def _compile(self, shape: Shape) -> Check | None:
        if shape.type_name == "structure":
            return self._structure(shape)  # type: ignore[arg-type]  # botocore's classes follow type_name
        if shape.type_name == "list":
            return self._container(shape, self._members_of_list(shape))  # type: ignore[arg-type]
        if shape.type_name == "map":
            return self._container(shape, self._members_of_map(shape))  # type: ignore[arg-type]
        return self._leaf(shape)

    def _structure(self, shape: StructureShape) -> Check | None:
        if shape.is_document_type or getattr(shape, "is_eventstream", False):
            return None
        checks = [
            (
                member.serialization.get("name", name),
                f".{self.message_name(name)}",
                name in shape.required_members,
                self.compile(member),
            )
            for name, member in shape.members.items()
        ]
        checks = [entry for entry in checks if entry[2] or entry[3] is not None]
        if not checks:
            return None

        def check(value: Any, path: str, faults: list[Fault]) -> None:
            if not isinstance(value, dict):
                return
            for key, suffix, required, member_check in checks:
                member = value.get(key)  # null is the same as missing
                if member is not None:
                    if member_check is not None:
                        member_check(member, path + suffix, faults)
                elif required:
                    faults.append(Fault((path + suffix).lstrip("."), "null", NOT_NULL, "missing"))

        return check

    def message_name(self, name: str) -> str:
        """Return a member's name in AWS's messages."""
        return self._renamed.get(name) or name[:1].lower() + name[1:]

    def _leaf(self, shape: Shape) -> Check | None:
        problems = self._problems(shape)
        if problems is None:
            return None
        sensitive = bool(shape.metadata.get("sensitive"))

        def check(value: Any, path: str, faults: list[Fault]) -> None:
            for problem in problems(value):
                shown = None if sensitive else f"'{display(value)}'"
                kind: Kind = "enum" if problem.startswith(ENUM) else "other"
                faults.append(Fault(path.lstrip("."), shown, problem, kind))

        return check

    def _problems(self, shape: Shape) -> Problems | None:
        """Return a function that lists the constraints that a scalar breaks, or None when it has none."""
        if shape.name in self._lenient:
            return None
        return problems_of(shape, caseless=shape.name in self._caseless)

    def _container(self, shape: Shape, members: Check | None) -> Check | None:
        size = None if shape.name in self._lenient else range_problems(shape, "length", len)
        if size is None and members is None:
            return None

        def check(value: Any, path: str, faults: list[Fault]) -> None:
            if not isinstance(value, (list, dict)):
                return
            if size is not None:
                faults.extend(Fault(path.lstrip("."), f"'{display(value)}'", problem) for problem in size(value))
            if members is not None:
                members(value, path, faults)

        return check

    def _members_of_list(self, shape: ListShape) -> Check | None:
        problems = self._problems(shape.member)
        if problems is not None:
            return _each(problems, list, "Member must satisfy constraint", constraints_of(shape.member))
        check_member = self.compile(shape.member)
        if check_member is None:
            return None

        def check(value: Any, path: str, faults: list[Fault]) -> None:
            if isinstance(value, list):
                for index, item in enumerate(value, 1):
                    if item is not None:
                        check_member(item, f"{path}.{index}.member", faults)

        return check

    def _members_of_map(self, shape: MapShape) -> Check | None:
        key_problems, value_problems = self._problems(shape.key), self._problems(shape.value)
        checks = []
        if key_problems is not None:
            checks.append(_each(key_problems, list, "Map keys must satisfy constraint", constraints_of(shape.key)))
        if value_problems is not None:
            constraints = constraints_of(shape.value)
            checks.append(_each(value_problems, dict.values, "Map value must satisfy constraint", constraints))
        elif (check_value := self.compile(shape.value)) is not None:
            checks.append(_each_value(check_value))
        if not checks:
            return None

        def check(value: Any, path: str, faults: list[Fault]) -> None:
            if isinstance(value, dict):
                for part in checks:
                    part(value, path, faults)

        return check


def _key(shape: Shape) -> str:
    """Return the key of a compiled shape: a reference to a shape may have its own enum or range."""
    own = {trait: shape.metadata[trait] for trait in ("enum", "max", "min", "pattern") if trait in shape.metadata}
    return f"{shape.name} {own}" if own else shape.name


def _each(problems: Problems, items: Callable[[Any], Any], phrase: str, constraints: list[str]) -> Check:
    """Check a list or map of scalars, which AWS reports as a whole, with every constraint of its members."""
    constraint = f"{phrase}: [{', '.join(constraints)}]"
    kind: Kind = "enum" if constraints[0].startswith(ENUM) else "other"

    def check(value: Any, path: str, faults: list[Fault]) -> None:
        if any(item is not None and problems(item) for item in items(value)):
            faults.append(Fault(path.lstrip("."), f"'{display(value)}'", constraint, kind))

    return check


def _each_value(check_value: Check) -> Check:
    def check(value: Any, path: str, faults: list[Fault]) -> None:
        for key, item in value.items():
            if item is not None:
                check_value(item, f"{path}.{key}.member", faults)

    return check
