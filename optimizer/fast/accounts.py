"""Many accounts as arrays: what one worker is sent, and what it sends back.

The market and the rows' coefficients are the same for every account and are sent once; an
account has its own weights, bounds, limits and lots. Lots lie end to end, those of account i from
`lot_start[i]` to `lot_start[i + 1]`, by name and within a name by rising tax.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.errors import BadInputError
from optimizer.fast.reduction import Arrays, Sides
from optimizer.values import FloatArray, Market

WITHIN = 1e-9  # Of NAV: forgives what division did to shares.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Accounts:
    """A accounts of n names under r rows; weights, limits and taxes are of NAV."""

    buy: FloatArray  # (r, n) a row's coefficients of purchases,
    sell: FloatArray  # (r, n) and of sales: buy'u + sell's <= limit.
    w0: FloatArray  # (A, n)
    b: FloatArray  # (A, n); may be one model broadcast.
    nav: FloatArray  # (A,) dollars.
    risk_aversion: FloatArray  # (A,)
    most: FloatArray  # (A, n) largest purchase.
    limit: FloatArray  # (A, r); infinite where the account has no such row.
    lot_start: NDArray[np.int64]  # (A + 1,)
    lot_name: NDArray[np.int64]  # (L,)
    lot_weight: FloatArray  # (L,)
    lot_tax: FloatArray  # (L,) per dollar sold.

    def __post_init__(self) -> None:
        accounts, names = self.w0.shape
        rows, lots = len(self.buy), len(self.lot_name)
        each, of_each, of_rows = (accounts,), (accounts, names), (rows, names)
        asked = {
            "buy": of_rows,
            "sell": of_rows,
            "b": of_each,
            "nav": each,
            "risk_aversion": each,
            "most": of_each,
            "limit": (accounts, rows),
            "lot_start": (accounts + 1,),
            "lot_weight": (lots,),
            "lot_tax": (lots,),
        }
        for name, shape in asked.items():
            if getattr(self, name).shape != shape:
                raise BadInputError(
                    f"accounts: {name} has shape {getattr(self, name).shape}; "
                    f"{accounts} accounts of {names} names under {rows} rows need {shape}"
                )
        if (
            self.lot_start[0] != 0
            or self.lot_start[-1] != lots
            or np.any(np.diff(self.lot_start) < 0)
        ):
            raise BadInputError(
                f"accounts: lot_start must rise from 0 to {lots}, the number of lots"
            )

        for name in ("buy", "sell"):
            odd = (~np.isfinite(getattr(self, name))).any(axis=1)
            if odd.any():
                raise BadInputError(
                    f"accounts: {name} of row {int(np.argmax(odd))} is not finite; "
                    "give a number for every name"
                )

    def __len__(self) -> int:
        return len(self.w0)

    def part(self, start: int, stop: int) -> "Accounts":
        """Accounts `start` to `stop`, as a batch of its own."""
        first, last = self.lot_start[start], self.lot_start[stop]
        own = ("w0", "b", "nav", "risk_aversion", "most", "limit")
        return Accounts(
            buy=self.buy,
            sell=self.sell,
            **{name: getattr(self, name)[start:stop] for name in own},
            lot_start=self.lot_start[start : stop + 1] - first,
            lot_name=self.lot_name[first:last],
            lot_weight=self.lot_weight[first:last],
            lot_tax=self.lot_tax[first:last],
        )

    def faults(self, names: int) -> dict[int, str]:
        """What is wrong with whose numbers: the field and the remedy, by account."""
        found: dict[int, str] = {}
        for name in ("w0", "b", "most"):
            weights: FloatArray = getattr(self, name)
            odd = (~np.isfinite(weights)).any(axis=1)
            self._note(found, odd, f"{name}: give a number for every name")
        self._note(found, (self.most < 0).any(axis=1), "most: a largest purchase is negative")
        for name in ("nav", "risk_aversion"):
            numbers: FloatArray = getattr(self, name)
            fine = np.isfinite(numbers) & (numbers > 0)
            self._note(found, ~fine, f"{name}: must be positive")
        self._note(found, np.isnan(self.limit).any(axis=1), "limit: must be a number or infinite")
        for field, wrong in self._wrong_lots(names):
            counts = np.add.reduceat(np.r_[wrong, False], self.lot_start[:-1])
            self._note(found, (counts > 0) & (np.diff(self.lot_start) > 0), field)
        return found

    @staticmethod
    def _note(found: dict[int, str], wrong: ArrayLike, sentence: str) -> None:
        for at in np.flatnonzero(wrong):
            found.setdefault(int(at), f"account {at}: {sentence}")

    def _wrong_lots(self, names: int) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """What may be wrong with a lot, and whether it is, (L,)."""
        owner = np.repeat(np.arange(len(self)), np.diff(self.lot_start))
        name, weight, tax = self.lot_name, self.lot_weight, self.lot_tax
        unknown = (name < 0) | (name >= names)
        yield f"lot_name: must be from 0 to {names - 1}", unknown
        yield "lot_weight: must be at least 0", ~(np.isfinite(weight) & (weight >= 0))
        yield "lot_tax: must be a number", ~np.isfinite(tax)
        same = np.r_[False, (owner[1:] == owner[:-1])]
        step = np.diff(name, prepend=0)
        falls = np.diff(tax, prepend=0.0) < 0
        yield (
            "lots: must be in the order of their names, and of rising tax within a name",
            same & ((step < 0) | ((step == 0) & falls)),
        )
        known = ~unknown
        held = np.zeros(self.w0.shape)
        np.add.at(held, (owner[known], name[known]), weight[known])
        position = self.w0[owner, np.where(known, name, 0)]
        yield (
            "lots: exceed the position in w0",
            known & (held[owner, np.where(known, name, 0)] > position + WITHIN),
        )

    def arrays(self, at: int, market: Market, sides: Sides) -> Arrays:
        """One account, ready to be solved; `sides` are those of the market and our rows."""
        lots = slice(self.lot_start[at], self.lot_start[at + 1])
        sellable, segments, tax = _table(
            self.lot_name[lots], self.lot_weight[lots], self.lot_tax[lots]
        )
        away = self.w0[at] - self.b[at]
        return Arrays(
            sides=sides,
            d=market.d,
            a0=away,
            exposure=away @ market.F,
            kappa=market.impact * self.nav[at],
            cost=market.half_spread,
            lam=float(self.risk_aversion[at]),
            most=self.most[at],
            sellable=sellable,
            segments=segments,
            tax=tax,
            limit=self.limit[at],
        )


def _table(
    name: NDArray[np.int64], weight: FloatArray, tax: FloatArray
) -> tuple[NDArray[np.intp], FloatArray, FloatArray]:
    """Lots of one account as the names that have any (h,), and (m, h) weights and taxes."""
    if len(name) == 0:
        nothing = np.zeros((1, 0))
        return np.zeros(0, dtype=np.intp), nothing, nothing
    first = np.flatnonzero(np.r_[True, name[1:] != name[:-1]])
    count = np.diff(np.r_[first, len(name)])
    column = np.repeat(np.arange(len(first)), count)
    row = np.arange(len(name)) - first[column]
    segments, taxes = np.zeros((2, int(count.max()), len(first)))
    segments[row, column] = weight
    taxes[row, column] = tax
    return name[first].astype(np.intp), segments, taxes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """The answers to a batch, in its order. Where `path` is empty there is none: `why` says why."""

    z: FloatArray  # (A, n) trades, of NAV; nothing where there is no answer.
    row_prices: FloatArray  # (A, r) what one NAV more of each limit is worth.
    objective: FloatArray  # (A,)
    gap: FloatArray  # (A,) of the objective.
    violation: FloatArray  # (A,) of NAV.
    path: NDArray[np.str_]  # (A,) which path answered.
    why: NDArray[np.str_]  # (A,)

    @classmethod
    def joined(cls, parts: list["Targets"]) -> "Targets":
        """The answers to the parts of a batch, one after another."""
        return cls(
            **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)}
        )
