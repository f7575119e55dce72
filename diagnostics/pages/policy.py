"""The content-security policy of a page: its own style sheet and script, pictures inside it, and nothing else."""

from __future__ import annotations

import base64
import hashlib


def policy(style: str, script: str = "", *, pictures: str = "data:") -> str:
    """The policy for a page's ``<meta http-equiv="Content-Security-Policy">``.

    Everything that is not named is refused: requests, frames, forms, ``eval``, event attributes and ``style`` attributes. A
    name in a run that contains markup therefore stays harmless even if some template forgot to escape it.

    Args:
        style: the exact text of the page's ``<style>`` element.
        script: the exact text of its ``<script>`` element; empty if it has none.
        pictures: where images may come from.
    """
    parts = {"default-src": "'none'", "img-src": pictures, "style-src": _hash(style)}
    parts |= {"script-src": _hash(script)} if script else {}
    parts |= {"base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {allowed}" for name, allowed in parts.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
