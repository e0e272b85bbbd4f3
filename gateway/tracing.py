"""Spans of operations, batches, source calls and statements through OpenTelemetry; off unless OTEL_* variables ask for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import structlog

from backends.recorder import Record
from gateway.telemetry import known_code

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

log = structlog.get_logger("kundengraph")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
ATTRIBUTES = {"source": "kundengraph.source", "statement": "db.query.text"}
"""What attributes are called outside."""


def tracing_from(environment: Mapping[str, str]) -> Tracing | None:
    """What collects spans, where the environment asks for it by an endpoint or the exporter `otlp`."""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    wanted = exporter == "otlp" or (not exporter and any(environment.get(name) for name in ENDPOINTS))
    if not wanted or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning(
            "OTEL_* variables ask for spans, but the extra `tracing` is not installed: there are none"
        )
        return None
    name = environment.get("OTEL_SERVICE_NAME") or "kundengraph"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


class Tracing:
    """Makes spans that hold names and numbers only: no literals, no messages of errors, no tracebacks."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("kundengraph")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str]) -> Iterator[None]:
        named = {ATTRIBUTES.get(key, key): value for key, value in attributes.items()}
        with self._started(name, named) as span:
            try:
                yield
            except BaseException as error:
                _failed(span, type(error).__name__)
                raise

    @contextmanager
    def operation(self, record: Record, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[None]:
        """The span of a request, below the caller's; what it was is known when it has ended."""
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        parent = self._propagator.extract(
            {name: carrier[name] for name in ("traceparent", "tracestate") if name in carrier}
        )
        with self._tracer.start_as_current_span(
            "GraphQL", parent, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            finally:
                _tell(span, record)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def _started(self, name: str, attributes: Mapping[str, str]) -> AbstractContextManager[Span]:
        return self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        )


def environment_tracing() -> Tracing | None:
    """What this process's environment asks for."""
    return tracing_from(os.environ)


def _tell(span: Span, record: Record) -> None:
    span.set_attribute("kundengraph.request_id", record.request_id)
    if record.credential is not None:
        span.set_attribute("kundengraph.credential", record.credential)
    if record.status is not None:
        span.set_attribute("http.response.status_code", record.status)
    if record.operation_type is not None:
        span.update_name(f"{record.operation_type} {record.operation or ''}".rstrip())
        span.set_attribute("graphql.operation.type", record.operation_type)
    if record.operation is not None:
        span.set_attribute("graphql.operation.name", record.operation)
    if record.codes:
        codes = [known_code(code) for code in record.codes]
        span.set_attribute("kundengraph.codes", codes)
        _failed(span, ", ".join(codes))


def _failed(span: Span, words: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, words))
