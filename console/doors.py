"""Doors: how a command reaches the service.

What reads opens the vault read-only, whether or not the service runs. What
changes something goes through the API while the service runs, and takes the
writer's lease itself when it does not.
"""

import importlib
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from console.client import ApiClient
from console.config import Config, load_config
from console.service_port import Changing, Reading, Service


def open_config(path: Path) -> Config:
    """The configuration at `path`, with this process's environment."""
    return load_config(path, os.environ)


def application() -> Any:
    """`console.app`, imported only when it is needed: it pulls in every room."""
    return importlib.import_module("console.app")


def reader(config: Config) -> AbstractContextManager[Reading]:
    """For questions."""
    door: AbstractContextManager[Reading] = application().open_service(config, write=False)
    return door


def changer(config: Config) -> AbstractContextManager[Changing]:
    """For wishes."""
    client = ApiClient.from_config(config)
    if client.is_listening():
        return client
    door: AbstractContextManager[Service] = application().open_service(config, write=True)
    return door


def running_service(config: Config) -> ApiClient:
    """For what only a running service can tell; raises `MissingError` when none runs."""
    client = ApiClient.from_config(config)
    client.require_listening()
    return client
