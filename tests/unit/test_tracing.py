"""Spans: off unless asked for, below those of the caller, and without words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from backends.recorder import CURRENT, Record, spanned
from gateway.tracing import Tracing, tracing_from

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def collected() -> tuple[Tracing, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(provider), exporter


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
    ],
)
def test_there_are_no_spans_unless_the_environment_asks_for_them(environment: Mapping[str, str]) -> None:
    assert tracing_from(environment) is None


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_TRACES_EXPORTER": "otlp"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"},
    ],
)
def test_an_endpoint_or_the_exporter_is_enough(environment: Mapping[str, str]) -> None:
    tracing = tracing_from(environment)
    assert tracing is not None
    tracing.close()


def test_what_makes_and_sends_spans_is_not_loaded_where_nobody_asks_for_them() -> None:
    code = "import sys, gateway.app; from gateway.tracing import tracing_from; tracing_from({});"
    code += "print([name for name in ('opentelemetry.sdk.trace', 'opentelemetry.exporter') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_outside_of_a_request_nothing_is_traced() -> None:
    with spanned("statement", statement="SELECT 1"):
        assert CURRENT.get() is None


def test_spans_stand_below_each_other_and_the_first_below_the_caller_s() -> None:
    tracing, exporter = collected()
    record = Record("the-request", "POST", "graphql", tracer=tracing)
    token = CURRENT.set(record)
    with tracing.operation(record, [(b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())]):
        with spanned("source get_many", source="desk"), spanned("statement", statement="SELECT $1"):
            pass
        record.answered("query", "Somebody", ["FORBIDDEN"])
    CURRENT.reset(token)
    statement, call, operation = exporter.get_finished_spans()
    assert [one.name for one in (statement, call, operation)] == [
        "statement",
        "source get_many",
        "query Somebody",
    ]
    assert operation.parent is not None
    assert (f"{operation.context.trace_id:032x}", f"{operation.parent.span_id:016x}") == (TRACE, PARENT)
    assert call.parent is not None
    assert call.parent.span_id == operation.context.span_id
    assert statement.parent is not None
    assert statement.parent.span_id == call.context.span_id
    assert dict(statement.attributes or {}) == {"db.query.text": "SELECT $1"}
    assert (operation.attributes or {})["kundengraph.codes"] == ("FORBIDDEN",)


def test_an_error_is_told_by_its_type_alone() -> None:
    tracing, exporter = collected()
    token = CURRENT.set(Record("the-request", "POST", "graphql", tracer=tracing))
    with pytest.raises(ValueError, match="ada"), spanned("batch customers_of"):
        raise ValueError("ada@acme.example")
    CURRENT.reset(token)
    [span] = exporter.get_finished_spans()
    assert span.status.description == "ValueError"
    assert "acme.example" not in span.to_json()
