"""One object and the objects that are read off it, written at once: what nearly every mutation and look-up gives."""

from __future__ import annotations

from typing import Any

from schema.compiled.plan import Attribute, Listed, Objects, Run, Step
from schema.compiled.rows import write


def wrote_object(run: Run, step: Step, value: Any, out: dict[str, Any]) -> bool:
    """Write one object and the objects that are read off it, where all are as they should be and nothing waits."""
    shape = step.shape
    if value.__class__ is list and not value and shape.__class__ is Listed and step.objects is not None:
        out[step.key] = []
        return True
    selection = shape.selection(value) if shape.__class__ is Objects else None
    if selection is None or selection.suspends:
        return False
    writer = None if selection.hidden else selection.writers.get(value.__class__)
    if writer is not None:
        try:
            (written,) = writer((value,), run.request)
        except Exception:
            return False  # it is written again, field by field
    else:
        (written,), troubles = write(selection, (value,), run.request)
        if troubles:
            return False
    for one in selection.below:
        if one.meaning.__class__ is not Attribute:
            return False
        try:
            below = one.meaning.of(value, run.request)
        except Exception:
            return False  # it is read again, and told
        if not wrote_object(run, one, below, written):
            return False
    out[step.key] = written
    return True
