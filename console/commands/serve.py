"""`trimtab serve`: the service, until it is told to stop."""

import argparse

from console.doors import application, open_config


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run the service: scheduler, order management, FIX engine and the local API. "
        "SIGTERM and SIGINT stop it in order."
    )


def run(arguments: argparse.Namespace) -> int:
    return int(application().serve(open_config(arguments.config)))
