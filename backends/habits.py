"""What is known of all sources from page to page, so that the next page costs less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from backends.duplicates import Duplicates
from backends.merges import LastMerges
from backends.protocol import R, placing
from backends.shadows import Shadows
from backends.shares import Shares
from backends.source import Source


class Habits(Generic[R]):
    """Nothing of it is needed for an answer, and nothing of it is older than what it stands for."""

    def __init__(self, sources: Sequence[Source[R]], duplicates: Duplicates[R]) -> None:
        self.duplicates = duplicates
        self.places = {source.key: source.place for source in sources}
        self.placing = [placing(source.backend) for source in sources]
        """What tells the places of each source by heart."""
        self.shadows = Shadows(sources)
        self.shares = Shares(len(sources))
        self.merges = LastMerges[R]()
