"""The console: where people are.

Commands, the log and its reader, the local API and its client, the
configuration; `console.app` joins the rooms and is the only place that names
concrete adapters.
"""
