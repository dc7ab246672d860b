"""`trimtab serve`: the service, until it is told to stop."""

import argparse
from dataclasses import replace

from console.doors import application, open_config


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run the service: scheduler, order management, FIX engine and the local API. "
        "SIGTERM and SIGINT stop it in order."
    )
    parser.add_argument(
        "--scheduler-address",
        metavar="ADDRESS",
        help="optimise on the Dask cluster whose scheduler is there, tcp://host:8786",
    )


def run(arguments: argparse.Namespace) -> int:
    config = open_config(arguments.config)
    if address := arguments.scheduler_address:
        config = replace(config, service=replace(config.service, scheduler_address=address))
    return int(application().serve(config))
