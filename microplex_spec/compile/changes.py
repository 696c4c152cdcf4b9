"""What a plan changes against the last build: the status of each step, and for a step that re-runs, why."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from ..plan import Plan, Reason, Step
from ..plan.keys import canonical

# Earlier builds that are looked through for one of the same sample.
LOOK_BACK = 8
MOST_NAMED = 3
LONGEST_VALUE = 32


def compare(
    steps: Iterable[Step], stored: Container[str], earlier: Iterable[Plan]
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """The steps with their status and the reason for it, and the ids of steps that are gone.

    stored: keys of artifacts that stand in the store. earlier: plans of this spec, newest first. The last one that
    took the same sample is compared with; if there is none, the last one, and each step says that the sample changed.
    """
    steps = tuple(steps)
    last = _last_alike(steps, earlier)
    before = {step.id: step for step in last} if last else {}
    # By step: the changed steps at the head of its branch, itself if nothing above it changed; none if it is the same.
    causes: dict[str, list[str]] = {}
    resampled: set[str] = set()
    marked = []
    for step in steps:
        old = before.get(step.id)
        same = old is not None and old.key == step.key
        above = list(dict.fromkeys(cause for other in step.inputs for cause in causes[other]))
        causes[step.id] = [] if same else above or [step.id]
        why = [] if same or old is None else list(_own_changes(old, step))
        resampled |= {step.id for reason in why if reason.rule == "sample"}
        if above and (not why or not resampled.issuperset(above)):
            why.append(_follows(above, resampled))
        marked.append(_marked(step, old, stored, why))
    ids = {step.id for step in steps}
    return tuple(marked), tuple(step_id for step_id in before if step_id not in ids)


def _marked(step: Step, old: Step | None, stored: Container[str], why: list[Reason]) -> Step:
    """The step with its status, and with the reason for it before those for its backend."""
    if step.checkpoint and step.key in stored:
        return replace(step, status="reuse")
    if old is None:
        return replace(step, status="run")
    if old.key == step.key:
        text = "not in the store" if step.checkpoint else "unchanged, but made anew for each run"
        return replace(step, status="run", reasons=(Reason("made-anew", text), *step.reasons))
    why = why or [Reason("code", "made by other code than the last build's")]
    return replace(step, status="rerun", reasons=(*why, *step.reasons))


def _last_alike(steps: Iterable[Step], earlier: Iterable[Plan]) -> Plan | None:
    """The newest earlier plan of the same sample, else the newest."""
    newest, sample = None, _samples(steps)
    for plan in islice(earlier, LOOK_BACK):
        if _samples(plan) == sample:
            return plan
        newest = newest or plan
    return newest


def _samples(steps: Iterable[Step]) -> dict[str, Any]:
    return {step.id: step.params.get("sample") for step in steps if step.kind == "load"}


def _own_changes(old: Step, new: Step) -> Iterator[Reason]:
    """What of the step itself is not as it was; nothing if only results of other steps are."""
    if old.params.get("sample") != new.params.get("sample"):
        was, now = (_households(step.params.get("sample")) for step in (old, new))
        yield Reason("sample", f"the sample changed: {now}, before {was}")
    if old.backend != new.backend:
        yield Reason("changed", f"backend {old.backend} → {new.backend}")
    elif old.version and old.version != new.version:
        yield Reason("code", "its code gives other results than the last build's")
    added = [step_id for step_id in new.inputs if step_id not in old.inputs]
    removed = [step_id for step_id in old.inputs if step_id not in new.inputs]
    found = [f"now needs {_some(added)}"] if added else []
    found += [f"no longer needs {_some(removed)}"] if removed else []
    was, now = (_plain({k: v for k, v in step.params.items() if k != "sample"}) for step in (old, new))
    found += differences(was, now)
    if found:
        yield Reason("changed", _some(found, "; "))


def differences(old: Any, new: Any, at: str = "") -> list[str]:
    """How two plain values differ, in words: "otherwise 0.5 → 0.6", "predictors + is_blind"."""
    if canonical(old) == canonical(new):
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = [*old, *(key for key in new if key not in old)]
        return [text for key in keys for text in _of_key(old, new, key, f"{at}.{key}" if at else str(key))]
    if isinstance(old, list) and isinstance(new, list):
        if old and new and all(isinstance(item, dict) and "id" in item for item in [*old, *new]):
            return differences({item["id"]: item for item in old}, {item["id"]: item for item in new}, at)
        return [f"{at} {_list_change(old, new)}"]
    texts = [_short(value) for value in (old, new)]
    return [f"{at} {texts[0]} → {texts[1]}" if all(texts) else f"{at} changed"]


def _of_key(old: Mapping[str, Any], new: Mapping[str, Any], key: str, at: str) -> list[str]:
    if key not in old:
        return [f"{at} added"]
    return differences(old[key], new[key], at) if key in new else [f"{at} removed"]


def _list_change(old: list[Any], new: list[Any]) -> str:
    added = [f"+ {_short(item)}" for item in new if item not in old]
    removed = [f"- {_short(item)}" for item in old if item not in new]
    named = [text for text in (*added, *removed) if len(text) > 2]
    if len(named) < len(added) + len(removed):
        return "changed"
    return _some(named, " ") if named else "in another order"


def _follows(causes: list[str], resampled: set[str]) -> Reason:
    """The reason of a step that is itself as it was: which changed steps it rests on."""
    if resampled.issuperset(causes):
        return Reason("sample", "the sample changed")
    return Reason("follows", f"follows {_some(causes)}")


def _households(sample: Mapping[str, Any] | None) -> str:
    return f"{sample['households']:,} households (seed {sample['seed']})" if sample else "all households"


def _some(items: list[str], between: str = ", ") -> str:
    more = len(items) - MOST_NAMED
    return between.join(items) if more <= 1 else f"{between.join(items[:MOST_NAMED])} and {more} more"


def _short(value: Any) -> str:
    """A value in few letters, or none: a checksum or a long list tells a reader nothing."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST_VALUE else ""


def _plain(value: Any) -> Any:
    """As it comes back from JSON, in which an earlier plan was stored."""
    return json.loads(json.dumps(value))
