"""Ask a Lineal server where a model, a run or an inference comes from."""

from .answer import Answer, Completeness, Incomplete, Stream
from .client import Client
from .errors import (
    Ambiguous,
    Forbidden,
    LinealError,
    Mistake,
    NotFound,
    Problem,
    QuestionError,
    ServerError,
    TooManyRequests,
    Unauthenticated,
    Unreachable,
)
from .told import Events, Node, Trace

__all__ = [
    "Ambiguous",
    "Answer",
    "Client",
    "Completeness",
    "Events",
    "Forbidden",
    "Incomplete",
    "LinealError",
    "Mistake",
    "Node",
    "NotFound",
    "Problem",
    "QuestionError",
    "ServerError",
    "Stream",
    "TooManyRequests",
    "Trace",
    "Unauthenticated",
    "Unreachable",
]
