"""Record what a command prints as a picture: python docs/pictures/record.py OUT.svg COMMAND...

The README's picture is made by
    python docs/pictures/record.py docs/pictures/demo.svg ./trimtab demo
"""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 150  # Columns; longer lines are cut, not folded.
STYLES = {r"✓": "green", r"✗": "red", r"█+": "blue", r"\d+\.\d s$": "dim", r"^…": "yellow"}


def picture(title: str, printed: str) -> str:
    """An SVG of a terminal that shows `printed`; it fetches no font from anywhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    for line in printed.splitlines():
        text = Text(line)
        for pattern, style in STYLES.items():
            text.highlight_regex(re.compile(pattern), style)
        console.print(text, no_wrap=True, overflow="ellipsis")
    return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title=title), flags=re.DOTALL)


def main(arguments: list[str]) -> int:
    target, *command = arguments
    done = subprocess.run(  # noqa: S603 - the command that was asked for
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    Path(target).write_text(picture(" ".join(command), done.stdout), "utf-8")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
