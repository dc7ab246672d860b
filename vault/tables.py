"""Every table of the vault, declared by importing the modules that declare them."""

import importlib.util

import vault.schema  # noqa: F401 - imported for its tables

if importlib.util.find_spec("vault.book_schema"):
    importlib.import_module("vault.book_schema")
