"""JSON logs (structlog) with the request id in every line and secrets taken out."""

import logging
import re
import sys
from contextlib import nullcontext, suppress
from functools import lru_cache
from typing import Any

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(
    r"authorization|cookie|password|secret|token|api_?key|private_?key|pepper|dsn|database_url",
    re.IGNORECASE,
)
_SECRET_VALUES = re.compile(
    r"kg[pso]_(?:live|test)_[0-9A-Za-z_]+|whs[ek]c?_[0-9A-Za-z+/=]+|eyJ[\w-]+\.[\w-]+\.[\w-]+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
)
"""Credentials, and e-mail addresses: a log cannot forget a person."""
_MARKS = ("kgp_", "kgs_", "kgo_", "whs", "eyJ", "://", "@")
"""Every secret value holds one of these; looking for them costs a tenth of the pattern."""

_PLAIN = frozenset({int, float, bool, type(None)})


class Line:
    """What structlog writes rendered lines to: the stream of standard logging's handler.

    Standard logging itself would make a record of each line and render it from there, which costs
    more than the line. Like there, a stream that cannot be written to does not fail the work.
    """

    handler = logging.StreamHandler(sys.stderr)

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        handler = self.handler
        with handler.lock or nullcontext(), suppress(OSError, ValueError):
            handler.stream.write(f"{line}\n")
            handler.flush()

    debug = info = warning = error = critical = exception = fatal = msg


def hide_secrets(_: Any, __: str, line: EventDict) -> EventDict:
    """Replace values under telling names, and telling values anywhere, however deep."""
    texts = [value for value in line.values() if isinstance(value, str)]
    plain = len(texts) + sum(type(value) in _PLAIN for value in line.values()) == len(line)
    if plain and not _any_tells(tuple(line)) and not _marked("\n".join(texts)):
        return line  # as nearly every line: one look at all of it
    return {key: _clean(key, value) for key, value in line.items()}


def name_trace(_: Any, __: str, line: EventDict) -> EventDict:
    """Say in which trace a line was written; there is none while telemetry is off."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = trace.format_trace_id(context.trace_id)
        line["span_id"] = trace.format_span_id(context.span_id)
    return line


def configure(level: str, output: str) -> None:
    """Send structlog and standard logging to stderr in one format: "json" or "console"."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if output == "json"
        else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=Line,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = Line.handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:-1], structlog.stdlib.ExtraAdder(), hide_secrets],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpx", "jieba", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _clean(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _clean(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(key, v) for v in value]
    if isinstance(value, str):
        if value and _tells(key):
            return HIDDEN
        return _SECRET_VALUES.sub(HIDDEN, value) if _marked(value) else value
    return value


def _marked(text: str) -> bool:
    return any(mark in text for mark in _MARKS)


@lru_cache(maxsize=1000)
def _any_tells(keys: tuple[str, ...]) -> bool:
    return any(_tells(key) for key in keys)


@lru_cache(maxsize=1000)
def _tells(key: str) -> bool:
    return _SECRET_NAMES.search(key) is not None
