r"""PostgreSQL's arrays as it writes them itself: `{1,NULL,"a \"text\""}`.

psycopg quotes each text by a regular expression, mark by mark, and canonical texts are full of
quotation marks: that took longer than everything else a row costs.
https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
"""

from collections.abc import Callable, Iterable
from types import NoneType
from typing import Any


def array_text(values: Iterable[object]) -> str:
    """Values of one column, as the driver takes them, as one array."""
    return f"{{{','.join([_ITEMS[type(value)](value) for value in values])}}}"


def _quoted(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Items(dict[type, Callable[[Any], str]]):
    """How values of each type stand in an array: quoted, but for a few."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        if issubclass(kind, bytes | bytearray | memoryview | list | tuple):
            raise TypeError(f"{kind.__name__} is no item of an array here")
        return self.setdefault(kind, _quoted)


_ITEMS = _Items({NoneType: lambda _none: "NULL", int: str})
