"""A live server, named by the environment; without one nothing is tested here."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lineal import Client

HASH = "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504"
"""An input hash in the bundled archive, of an event of version 3."""


def named(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.skip(f"{name} names no server")
    return value


@pytest.fixture
def url() -> str:
    return named("LINEAL_TEST_URL")


@pytest.fixture
def token() -> str:
    return named("LINEAL_TEST_TOKEN")


@pytest.fixture
def client(url: str, token: str) -> Iterator[Client]:
    with Client(url, token, case=os.environ.get("LINEAL_TEST_CASE")) as client:
        yield client


@pytest.fixture
def importer(url: str) -> Iterator[Client]:
    with Client(url, named("LINEAL_TEST_IMPORTER")) as client:
        yield client


@pytest.fixture
def engineer(url: str) -> Iterator[Client]:
    with Client(url, named("LINEAL_TEST_ENGINEER")) as client:
        yield client


@pytest.fixture
def officer(url: str) -> Iterator[Client]:
    with Client(url, named("LINEAL_TEST_OFFICER")) as client:
        yield client
