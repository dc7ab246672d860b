"""Doors: how a command reaches the service.

What reads opens the vault read-only, whether or not the service runs. What
changes something goes through the API while the service runs, and takes the
writer's lease itself when it does not.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.client import ApiClient
from console.config import Config, load_config
from console.log import close_logging, configure_logging, log_to_stderr
from console.service_port import Changing, Reading


def open_config(path: Path) -> Config:
    """The configuration at `path`, with this process's environment."""
    return load_config(path, os.environ)


def application() -> Any:
    """`console.app`, imported only when it is needed: it pulls in every room."""
    return importlib.import_module("console.app")


def before_start() -> Any:
    """`console.before_start`, imported as late: it pulls in the gateway."""
    return importlib.import_module("console.before_start")


def opening() -> Any:
    """`console.opening`, imported once the configuration is known to be sound."""
    return importlib.import_module("console.opening")


@contextmanager
def reader(config: Config) -> Iterator[Reading]:
    """For questions."""
    log_to_stderr()
    with opening().open_reading(config) as service:
        yield service


@contextmanager
def changer(config: Config) -> Iterator[Changing]:
    """For wishes."""
    client = ApiClient.from_config(config)
    if client.is_listening():
        yield client
        return
    configure_logging(
        config.files.log,
        level=config.log.level,
        max_megabytes=config.log.max_megabytes,
        keep=config.log.keep,
    )
    try:
        with opening().open_service(config, write=True) as service:
            yield service
    finally:
        close_logging()


def running_service(config: Config) -> ApiClient:
    """For what only a running service can tell; raises `MissingError` when none runs."""
    client = ApiClient.from_config(config)
    client.require_listening()
    return client
