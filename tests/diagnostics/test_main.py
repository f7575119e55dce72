from __future__ import annotations

import importlib.util

from diagnostics.__main__ import COMMANDS, main


def test_every_command_that_is_named_is_there(capsys):
    main([])
    told = capsys.readouterr().out
    for command in COMMANDS:
        module = f"diagnostics.{command.split()[0]}"
        assert module in told and importlib.util.find_spec(module)
