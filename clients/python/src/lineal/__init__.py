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
from .evidence import Finding, Item, Recorded, Release, Report, Rule
from .job import ImportFailed, Job, Progress
from .told import Events, Node, Trace
from .upkeep import Token

__all__ = [
    "Ambiguous",
    "Answer",
    "Client",
    "Completeness",
    "Events",
    "Finding",
    "Forbidden",
    "ImportFailed",
    "Incomplete",
    "Item",
    "Job",
    "LinealError",
    "Mistake",
    "Node",
    "NotFound",
    "Problem",
    "Progress",
    "QuestionError",
    "Recorded",
    "Release",
    "Report",
    "Rule",
    "ServerError",
    "Stream",
    "Token",
    "TooManyRequests",
    "Trace",
    "Unauthenticated",
    "Unreachable",
]
