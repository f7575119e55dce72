"""HTML from templates: everything escaped, the style sheet inside, verdicts in the figures' colours."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diagnostics.figures import style


def rendered(template: str, **values: Any) -> str:
    """A template's HTML.

    Args:
        template: file in ``diagnostics/pages/templates``.
        values: what it shows; ``css`` and ``symbols`` are there already.
    """
    environment, sheet = _environment()
    css = Markup(style.css_variables() + sheet)
    return environment.get_template(template).render(css=css, symbols=style.SYMBOLS, **values)


@cache
def _environment() -> tuple[Environment, str]:
    loader = PackageLoader("diagnostics.pages", "templates")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    sheet, _, _ = loader.get_source(environment, "report.css")
    return environment, sheet
