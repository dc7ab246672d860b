"""All scripts, by any name that a client or operator may use."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from simulator.scenarios.reading import ScriptError, read_script
from simulator.scenarios.rehearsal import first_flaw
from simulator.scenarios.script import Script

SHIPPED = Path(__file__).parent / "scripts"
SUFFIX = ".TEST"  # An order in symbol D13.TEST plays D13.


class UnknownScenarioError(Exception):
    """No script has that name."""

    def __init__(self, name: str, close: Iterable[str]) -> None:
        near = " or ".join(close)
        remedy = f"did you mean {near}?" if near else "docs/scenarios.md lists them all"
        super().__init__(f"there is no scenario {name}; {remedy}")


class Library:
    """Scripts by id ("D.1.a"), other name ("D13") and variant ("D13/rejected"), in any case."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self.scripts = tuple(scripts)
        self._by_name: dict[str, Script] = {}
        for script in self.scripts:
            for name in (script.id, *script.names):
                other = self._by_name.setdefault(name.upper(), script)
                if other is not script:
                    raise ScriptError(
                        f"{script.file}: the name {name} is taken by {other.file}; choose another"
                    )

    def find(self, name: str) -> Script:
        """Raises UnknownScenarioError with the nearest names."""
        script = self._by_name.get(name.upper())
        if script is None:
            close = get_close_matches(name.upper(), self._by_name, 2)
            raise UnknownScenarioError(name, [self._spelled(one) for one in close])
        return script

    def of_symbol(self, symbol: str) -> Script | None:
        """What an order in this symbol plays; None when it is no scenario's symbol.

        Raises UnknownScenarioError for a scenario's symbol without a scenario.
        """
        name = symbol.upper()
        if not name.endswith(SUFFIX):
            return None
        return self.find(symbol[: -len(SUFFIX)])

    def _spelled(self, name: str) -> str:
        script = self._by_name[name]
        return next(one for one in (script.id, *script.names) if one.upper() == name)


def read_library(*folders: Path) -> Library:
    """The shipped scripts and those of `folders`, each checked. Raises ScriptError."""
    scripts: list[Script] = []
    for folder in (SHIPPED, *folders):
        files = sorted(folder.glob("*.toml"), key=lambda path: path.stem)
        if not files:
            raise ScriptError(f"{folder}: there is no script (*.toml) in this folder")
        for file in files:
            scripts += read_script(file)
    for script in scripts:
        flaw = first_flaw(script)
        if flaw is not None:
            line, why = flaw
            raise ScriptError(f"{script.file}:{line}: {why} (in {script.id})")
    return Library(scripts)
