"""A drop copy beside what is booked: pure, and what does not agree is a named break.

Only what an execution is worth is compared: brokers' copies often leave out CumQty,
AvgPx, the fee or the ClOrdID, and stamp a TransactTime of their own.
"""

from domain.exact import plain
from domain.orders import ExecutionReport
from domain.postings import Break

# Kinds of alarm and break.
DIFFERS, UNMATCHED, MISSING = "drop_copy_differs", "drop_copy_unmatched", "drop_copy_missing"


def contradiction(copy: ExecutionReport, booked: ExecutionReport) -> Break | None:
    """The break between a copy and the execution that is booked under its id, if there is one."""
    found = _differences(copy, booked)
    if not found:
        return None
    ours = ", ".join(f"{name} {mine}" for name, mine, _ in found)
    theirs = ", ".join(f"{name} {copied}" for name, _, copied in found)
    return Break(
        kind=DIFFERS,
        subject=_name(copy),
        ours=ours,
        theirs=theirs,
        message=f"{_title(copy)} is booked with {ours}, but its drop copy says {theirs}: "
        "ask the venue which one stands",
    )


def uncopied(booked: ExecutionReport, seconds: int) -> Break:
    """The break of an execution that no copy has told of within `seconds`."""
    ours = _words(booked)
    return Break(
        kind=MISSING,
        subject=_name(booked),
        ours=ours,
        theirs="",
        message=f"{_title(booked)}, {ours}, is booked and was not copied to us after {seconds} s: "
        "ask the venue whether it stands",
    )


def missing(copy: ExecutionReport, seconds: int) -> Break:
    """The break of a copy whose execution was not booked within `seconds`."""
    theirs = _words(copy)
    return Break(
        kind=UNMATCHED,
        subject=_name(copy),
        ours="",
        theirs=theirs,
        message=f"{_title(copy)}, {theirs}, was copied to us and is not booked after {seconds} s: "
        "ask the venue to send it again",
    )


def _differences(
    copy: ExecutionReport, booked: ExecutionReport
) -> tuple[tuple[str, str, str], ...]:
    """Each field in which the two disagree: its name, ours and the copy's."""
    fields = [
        ("ExecType", booked.exec_type.name, copy.exec_type.name),
        ("Symbol", booked.symbol, copy.symbol),
        ("Side", booked.side.name, copy.side.name),
        ("LastQty", plain(booked.last_qty), plain(copy.last_qty)),
        ("LastPx", _price(booked), _price(copy)),
        ("ExecRefID", booked.exec_ref_id or "none", copy.exec_ref_id or "none"),
    ]
    if copy.cl_ord_id:
        fields.append(("ClOrdID", booked.cl_ord_id, copy.cl_ord_id))
    if copy.commission:
        fields.append(("Commission", plain(booked.commission), plain(copy.commission)))
    return tuple(one for one in fields if one[1] != one[2])


def _name(copy: ExecutionReport) -> str:
    return f"{copy.venue} {copy.trade_date} {copy.exec_id}"


def _title(copy: ExecutionReport) -> str:
    return f"{_name(copy)} of order {copy.cl_ord_id or '?'}"


def _words(report: ExecutionReport) -> str:
    what = f"{report.exec_type.name} {report.side.name} {plain(report.last_qty)} {report.symbol}"
    return f"{what} at {_price(report)}"


def _price(report: ExecutionReport) -> str:
    return "none" if report.last_px is None else plain(report.last_px)
