"""The demo: the whole loop on the bundled book, with real processes and real FIX.

Nothing in here is part of the product. It writes a folder, starts the venues
and the service as anybody would, acts as the second person through the API,
and then checks from outside that every promise was kept.
"""

from console.demo.main import run_demo

__all__ = ["run_demo"]
