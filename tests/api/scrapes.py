"""What a running gateway shows Prometheus, by name and labels."""

from __future__ import annotations

from collections.abc import Iterable

import httpx
from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """One look at /metrics."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self._samples = [sample for family in self.families for sample in family.samples]

    @property
    def names(self) -> frozenset[str]:
        """Names of all samples."""
        return frozenset(sample.name for sample in self._samples)

    def labels(self, name: str) -> frozenset[str]:
        """Names of the labels of these samples."""
        return frozenset(label for sample in self._samples if sample.name == name for label in sample.labels)

    def values(self) -> Iterable[str]:
        """Every value of every label."""
        return {value for sample in self._samples for value in sample.labels.values()}

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def scrape(client: httpx.Client) -> Scrape:
    """Look now."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Scrape(response.text)
