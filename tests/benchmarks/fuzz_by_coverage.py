"""Feeds `load_run` bytes that reach new code: ``python -m tests.benchmarks.fuzz_by_coverage -max_total_time=600``.

Needs ``pip install atheris``, and takes libFuzzer's options. Each input becomes ``run.json``, a part, or a page with its data,
beside whole files; anything but ``UsageError`` ends it with the input that made it.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris  # pyright: ignore[reportMissingImports]

with atheris.instrument_imports(include=["diagnostics.runs", "json"]):
    from diagnostics.runs import embedded, flight
    from diagnostics.runs.run import load_run
from probes.errors import UsageError
from tests.kit.bad_input import stored_run

HOME = Path(tempfile.mkdtemp())
RUN = stored_run(HOME / "run")
PART = RUN / "layers" / "part-00000.parquet"
WHOLE = {path: path.read_bytes() for path in (RUN / "run.json", PART)}
PAGE, FLIGHT = HOME / "page.html", HOME / "flight" / "step-00000001"
FLIGHT.mkdir(parents=True)
FRAME = f'<script type="{embedded.KIND}">%s</script>'.encode()


def one(data: bytes) -> None:
    """Open what the bytes make."""
    kind, data = (data[:1] or b"\0")[0] % 4, data[1:]
    try:
        if kind == 0:
            (RUN / "run.json").write_bytes(data)
            _opened(RUN)
        elif kind == 1:
            PART.write_bytes(data)
            _opened(RUN)
        elif kind == 2:
            PAGE.write_bytes(FRAME % data)
            _opened(PAGE)
        else:
            (FLIGHT / flight.RECORD).write_bytes(data)
            flight.content(FLIGHT)
    except UsageError:
        pass
    finally:
        for path, content in WHOLE.items():
            path.write_bytes(content)


def _opened(path: Path) -> None:
    run = load_run(path)
    _ = run.layers, run.units, run.scalars, run.training, run.architecture, run.data, repr(run), run._repr_html_()


def main() -> None:
    warnings.simplefilter("ignore")
    seeds = HOME / "seeds"
    seeds.mkdir()
    for kind, content in enumerate([*WHOLE.values(), b'{"run":{},"tables":{}}', b'{"schema_version":1,"step":1}']):
        (seeds / str(kind)).write_bytes(bytes([kind]) + content)
    atheris.Setup([*sys.argv, str(seeds)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
