"""The budget for measuring: the largest share of training time that probes may cost."""

from __future__ import annotations

import numpy as np

from probes.errors import UsageError


def parse_budget(text: str | None) -> float | None:
    """``5%`` and ``0.05`` stand for 0.05.

    Raises:
        UsageError: no number, or not between 0 and 1.
    """
    if text is None:
        return None
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError as error:
        raise _invalid_budget(text) from error
    return check_budget(share, text)


def check_budget(budget: float | None, given: object = None) -> float | None:
    """A share of more than nothing and at most all, or ``None``.

    Raises:
        UsageError: another number.
    """
    if budget is not None and (not isinstance(budget, float | int | np.number) or not 0 < budget <= 1):
        raise _invalid_budget(budget if given is None else given)
    return budget


def _invalid_budget(given: object) -> UsageError:
    do = "give a share of training, more than 0 and at most 1: 0.05, or 5% on the command line"
    return UsageError(what="invalid budget", where="budget", got=repr(given), do=do)
