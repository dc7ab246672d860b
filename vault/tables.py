"""Every table of the vault, declared by importing the modules that declare them."""

import vault.book_schema
import vault.schema  # noqa: F401 - both are imported for their tables
