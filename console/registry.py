"""The commands there are: name, module, one line, and one example each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, of one word or two; `passes_through` hands its arguments on unseen."""

    name: str
    summary: str
    example: str
    passes_through: bool = False

    @property
    def module(self) -> str:
        """The module that carries it out."""
        return f"console.commands.{self.name.replace(' ', '_')}"


ENTRIES = (
    Entry("init", "write a configuration, the state folders and the database", "trimtab init"),
    Entry("ingest", "read custodian files, prices, models and mandates", "trimtab ingest in/*.csv"),
    Entry("check", "look at everything that must hold before start", "trimtab check"),
    Entry(
        "rebuild",
        "write what stands anew from the facts, where trimtab check finds that they differ",
        'trimtab rebuild --by anna --why "trimtab check found a balance that differs"',
    ),
    Entry("serve", "run the service", "trimtab serve"),
    Entry(
        "venues",
        "run the simulated venues, or ask those that run",
        "trimtab venues --config venues.toml",
        passes_through=True,
    ),
    Entry(
        "trigger",
        "start a run now",
        "trimtab trigger month-end --account H001-1 --by anna",
    ),
    Entry("runs", "list runs, or show one", "trimtab runs last"),
    Entry("orders", "list orders, or follow them", "trimtab orders --run last"),
    Entry("order", "show one order's whole life", "trimtab order DE7K-0001"),
    Entry(
        "order new",
        "buy or sell by hand, through rules, approval and limits",
        "trimtab order new buy AAPL --account H001-1=600 --limit 148.20 --by anna "
        '--why "client called"',
    ),
    Entry(
        "cancel", "take an order back", 'trimtab cancel DE7K-0001 --by anna --why "client called"'
    ),
    Entry(
        "replace",
        "ask the venue for another quantity, limit or stop price",
        'trimtab replace DE7K-0001 --limit 148.20 --by anna --why "the price ran away"',
    ),
    Entry(
        "resolve",
        "end the doubt about an order or an allocation, by two persons",
        'trimtab resolve DE7K-0001 --as never-reached --by anna --why "XSIM desk, 15:02"',
    ),
    Entry(
        "adopt",
        "make an order ours that only a venue knows, by two persons",
        'trimtab adopt XSIM/4711 --account H001-1=600 --by anna --why "Bob by telephone, 10:15"',
    ),
    Entry(
        "split",
        "multiply a security's shares and lots after a split, by two persons",
        'trimtab split AAPL 4:1 --on 2020-08-31 --by anna --why "the company\'s notice"',
    ),
    Entry(
        "adjust",
        "put right an account's cash or lots by hand, by two persons",
        'trimtab adjust H001-1 --cash -12.34 --by anna --why "wire fee, the bank\'s letter"',
    ),
    Entry("positions", "list holdings", "trimtab positions --account H001-1"),
    Entry("lots", "list open tax lots", "trimtab lots --account H001-1 --symbol AAPL"),
    Entry(
        "rules",
        "list, test and compare the rules, and change what is in force",
        "trimtab rules list",
    ),
    Entry("breaches", "list portfolios over a limit and filings that are due", "trimtab breaches"),
    Entry("breaks", "list differences that reconciliation found", "trimtab breaks --run last"),
    Entry("approvals", "list runs that wait for a second person", "trimtab approvals"),
    Entry("approve", "let a run go on", 'trimtab approve last --by anna --why "as discussed"'),
    Entry("reject", "stop a run", 'trimtab reject last --by anna --why "client called"'),
    Entry("retry", "let a failed run go on from where it failed", "trimtab retry last --by anna"),
    Entry("explain", "say why an order or an account is as it is", "trimtab explain DE7K-0001"),
    Entry(
        "proposed",
        "list the trades that a run would make: what an approver looks at",
        "trimtab proposed last --account H001-1",
    ),
    Entry("trace", "tell a run from its trigger to its reconciliation", "trimtab trace last"),
    Entry(
        "reconcile", "compare a venue's or custodian's file with ours", "trimtab reconcile F.csv"
    ),
    Entry("audit", "verify or export the audit trail", "trimtab audit verify"),
    Entry(
        "halt",
        "stop new orders of the firm, an account, a strategy or a venue",
        'trimtab halt venue XSIM --by anna --why "bad prices"',
    ),
    Entry("resume", "lift a halt", 'trimtab resume venue XSIM --by ben --why "fixed"'),
    Entry("status", "show the running service, its sessions and halts", "trimtab status"),
    Entry("sessions", "show the FIX sessions and how far booking is behind", "trimtab sessions"),
    Entry("stop", "stop the running service in order", "trimtab stop --by anna"),
    Entry("tail", "read the log", "trimtab tail -f --run last --level warning"),
    Entry("demo", "run the whole loop on the bundled book", "trimtab demo --dir /tmp/demo"),
    Entry(
        "test",
        "run the test suite (arguments go to pytest)",
        "trimtab test tests/ledger",
        passes_through=True,
    ),
)

BY_NAME = {entry.name: entry for entry in ENTRIES}
