"""Write ``docs/api.md``, the reference of all public names: ``python -m tests.kit.api_pages docs/api.md`` (seconds).

Everything on it comes from signatures and docstrings.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMANDS = ("run", "report", "compare", "export", "watch")
EXAMPLES = re.compile(r"^Examples:\n((?:    .*\n?|\n)+)", re.MULTILINE)
SECTION = re.compile(r"^(Args|Returns|Raises|Attributes|References|Yields):$")
LONGEST_DEFAULT = 30
HEAD = """# Reference

Generated from signatures and docstrings by `python -m tests.kit.api_pages docs/api.md`; a test checks that it is current.
Terms and columns: [README](../README.md#notation). Questions: [How do I ...](how_do_i.md).

"""


def page() -> str:
    """The whole page."""
    packages = [
        ("probes", stubbed("probes")),
        ("diagnostics", stubbed("diagnostics")),
        *((name, tuple(importlib.import_module(name).__all__)) for name in listed()),
    ]
    parts = [part for package, names in packages for part in package_page(package, names)]
    contents = [f"- [{package}](#{package.replace('.', '')})" for package, _ in packages]
    return HEAD + "\n".join([*contents, "- [Commands](#commands)", "", *parts, *commands()]) + "\n"


def stubbed(package: str) -> tuple[str, ...]:
    """The public names of a package, from its stub."""
    tree = ast.parse((ROOT / package / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module != package]
    return tuple(sorted(alias.name for node in imports for alias in node.names))


def listed() -> tuple[str, ...]:
    """The packages whose ``__all__`` is public."""
    return (
        "diagnostics.sinks",
        "diagnostics.rules",
        "diagnostics.survival",
        "diagnostics.figures",
        "diagnostics.theory",
        "diagnostics.verdict",
    )


def package_page(package: str, names: tuple[str, ...]) -> Iterator[str]:
    """A heading, and an entry for every class and function."""
    module = importlib.import_module(package)
    yield f"## {package}\n\n{markdown(inspect.getdoc(module) or '')}\n"
    for name in names:
        value = getattr(module, name)
        # diagnostics.report is a module and its function
        value = getattr(value, name) if inspect.ismodule(value) else value
        if inspect.isclass(value) or inspect.isfunction(value):
            yield from entry(f"{package}.{name}", value)


def entry(name: str, value: Any) -> Iterator[str]:
    """A class with its own public members, or a function."""
    yield f"### {name}\n\n```python\n{name}{signature(value)}\n```\n\n{markdown(inspect.getdoc(value) or '')}\n"
    if inspect.isclass(value):
        for member, shown in members(value):
            text = signature(shown) if callable(shown) else ""
            yield f"**`.{member}{text}`** {markdown(inspect.getdoc(shown) or '')}\n"


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """Methods and properties that the class adds to its bases, in the order of its source."""
    inherited = {name for base in cls.__mro__[1:] for name in vars(base)}
    for name, value in vars(cls).items():
        known = getattr(value, "__func__", value)  # a class method
        if (
            not name.startswith("_")
            and name not in inherited
            and (inspect.isfunction(known) or isinstance(known, property))
        ):
            yield name, known


def signature(value: Callable) -> str:
    """``(name: type = default)``, annotations as they are written."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return "(...)"
    shown, bare = [], False
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and not bare:
            shown.append("*")
        bare = bare or one.kind in (one.KEYWORD_ONLY, one.VAR_POSITIONAL)
        shown.append(parameter(one))
    return f"({', '.join(text for text in shown if text not in ('self', 'cls'))})"


def parameter(one: inspect.Parameter) -> str:
    """One parameter."""
    stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    annotated = "" if one.annotation is one.empty else f": {inspect.formatannotation(one.annotation).strip(chr(39))}"
    if one.default is one.empty:
        return f"{stars}{one.name}{annotated}"
    default = repr(one.default)
    default = default if len(default) <= LONGEST_DEFAULT and " at 0x" not in default else "..."
    return f"{stars}{one.name}{annotated} = {default}"


def markdown(text: str) -> str:
    """A docstring as Markdown: examples as code, other sections as lists, symbols with a meaning in Markdown escaped."""
    before, *rest = EXAMPLES.split(text, maxsplit=1)
    if rest:
        code, after = rest
        shown = f"{prose(before)}\n*Examples*\n\n```python\n{textwrap.dedent(code).rstrip()}\n```"
        return f"{shown}\n\n{prose(after)}".rstrip()
    return prose(before)


def prose(text: str) -> str:
    """The parts of a docstring that are not examples."""
    lines: list[str] = []
    section = ""
    for line in text.splitlines():
        found = SECTION.match(line)
        if found:
            section = found[1]
            lines += [f"*{section}*", ""]
        elif section and line.startswith("    "):
            lines.append(item(line, section))
        else:
            section = section if not line.strip() else ""
            shown = line if line.startswith("    ") else escaped(line.removesuffix("::"))
            lines += [shown] if shown or line == shown else []
    return "\n".join(lines)


def item(line: str, section: str) -> str:
    """A line of a section: the start of a list entry, or its continuation."""
    name, colon, rest = line.strip().partition(": ")
    begins = not line.startswith("     ") and colon and re.fullmatch(r"[\w.*, ]+", name)
    if section in ("Returns", "Yields", "References") or not begins:
        return (
            f"  {escaped(line.strip())}"
            if section not in ("Returns", "Yields", "References")
            else escaped(line.strip())
        )
    return f"- `{name}`: {escaped(rest)}"


def escaped(text: str) -> str:
    """The text with symbols of Markdown and HTML escaped, except in code."""
    parts = re.split(r"(`+[^`]*`+)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<|])", r"\\\1", part) for part in parts)


def commands() -> Iterator[str]:
    """The commands, each with the first line of its help."""
    yield "## Commands\n"
    for name in COMMANDS:
        if (ROOT / "diagnostics" / f"{name}.py").exists():
            tree = ast.parse((ROOT / "diagnostics" / f"{name}.py").read_text(encoding="utf-8"))
            first = (ast.get_docstring(tree) or "").splitlines()[0]
            yield f"- `python -m diagnostics.{name} --help`: {escaped(first)}"


def main(path: Path) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
