"""What is wrong with the transitions of a state machine, in the words of Step Functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES = frozenset({"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"})
TERMINAL = frozenset({"Succeed", "Fail"})
MISSING, SCHEMA = "MISSING_TRANSITION_TARGET", "SCHEMA_VALIDATION_FAILED"


def faults_of(definition: Any, path: str = "") -> list[str]:
    """Return the faults of a definition, or of a branch at a path, each with code and place; none for a valid one."""
    if not isinstance(definition, dict):
        return [f"{SCHEMA}: The value must be a JSON object at {path or '/'}"]
    states, start = definition.get("States"), definition.get("StartAt")
    if not isinstance(states, dict) or not states:
        return [f"{SCHEMA}: These fields are required: [States] at {path or '/'}"]
    if not isinstance(start, str):
        return [f"{SCHEMA}: These fields are required: [StartAt] at {path or '/'}"]
    found = [] if start in states else [f"{MISSING}: Missing 'StartAt' target: {start} at {path}/StartAt"]
    reached = {start}
    for name, state in states.items():
        place = f"{path}/States/{name}"
        if not isinstance(state, dict):
            found.append(f"{SCHEMA}: The value must be a JSON object at {place}")
            continue
        found.extend(_state_faults(state, place))
        for where, target in targets(state):
            reached.add(target)
            if target not in states:
                found.append(f"{MISSING}: Missing 'Next' target: {target} at {place}/{where}")
    found.extend(
        f'{MISSING}: State "{name}" is not reachable. at {path}/States/{name}' for name in states if name not in reached
    )
    return found


def targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the states that a state can be followed by, each with the member that names it."""
    for member in ("Next", "Default"):
        if isinstance(state.get(member), str):
            yield member, state[member]
    for member in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(member) or ()):
            if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                yield f"{member}[{index}]/Next", rule["Next"]


def _state_faults(state: dict[str, Any], place: str) -> list[str]:
    kind = state.get("Type")
    if kind not in TYPES:
        return [f"{SCHEMA}: Value is not one of {sorted(TYPES)} at {place}/Type"]
    found = [fault for where, branch in _branches(state) for fault in faults_of(branch, f"{place}/{where}")]
    ends = kind in TERMINAL or state.get("End") is True
    if kind == "Choice":
        return found if state.get("Choices") else [*found, f"{SCHEMA}: These fields are required: [Choices] at {place}"]
    if ends == isinstance(state.get("Next"), str):
        problem = "has both End and Next" if ends else "must have End or Next"
        found.append(f"{SCHEMA}: The state {problem} at {place}")
    return found


def _branches(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for index, branch in enumerate(state.get("Branches") or ()):
        yield f"Branches[{index}]", branch
    for member in ("Iterator", "ItemProcessor"):
        if member in state:
            yield member, state[member]
