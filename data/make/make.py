"""Make the bundled book of business again: accounts, cash flows, custodians' files, checksums.

    python data/make/make.py

Needs data/book/prices.csv (see extract_prices.py) and the files in data/book
that are written by hand. The same input gives the same bytes.
"""

import csv
import hashlib
from datetime import date
from pathlib import Path

from custodian_files import OUT, Master, delta, harbor, lakeside, summit
from holdings import BOOK, Holdings, Market, build
from households import DELTA, HARBOR, LAKESIDE, SUMMIT, Client, clients

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- checksums -->\n", "<!-- end of checksums -->\n"


def registry(book: tuple[Client, ...]) -> None:
    with (BOOK / "accounts.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            "account_id household_id name custodian tax_status model_id mandate_id".split()
        )
        for c in book:
            row = (c.account, c.household, c.name, c.custodian, c.tax_status, c.model, c.mandate)
            writer.writerow(row)


def flows(book: tuple[Client, ...]) -> None:
    with (BOOK / "flows.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("account_id", "amount", "due", "why"))
        for client in book:
            if client.planted == "withdrawal":
                amount = -(client.value // 12_500 * 1000)
                day = date(2022, 12, 2)
                writer.writerow((client.account, f"{amount}.00", day, "Down payment on a house"))


def checksums() -> None:
    """Write the SHA-256 of every file of the book into the README."""
    files = sorted([*BOOK.iterdir(), *OUT.iterdir()])
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.parent.name}/{path.name}\n"
        for path in files
    ]
    text = README.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(f"{before}{BEGIN}```\n{''.join(lines)}```\n{END}{after}")


def main() -> None:
    OUT.mkdir(exist_ok=True)
    book, market, master = clients(), Market(), Master()
    registry(book)
    flows(book)
    held = [build(client, market) for client in book]

    def at(custodian: str) -> list[Holdings]:
        return [h for h in held if h.client.custodian == custodian]

    doubled = [h for h in held if h.client.planted == "doubled"]
    harbor(at(HARBOR), market, master)
    summit([*at(SUMMIT), *doubled], market, master)
    lakeside(at(LAKESIDE), market, master)
    delta(at(DELTA), master)
    checksums()


if __name__ == "__main__":
    main()
