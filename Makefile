# The checks that CI runs, one word each. Needs the environment of CONTRIBUTING.md.
.PHONY: test fast lint types bench bench-compare judge docs

test: # every test, on two processes
	python -m pytest

fast: # the half that CI also runs with the lowest versions
	xargs python -m pytest < .ci/fast

lint:
	ruff check .
	ruff format --check .

types:
	pyright

bench: # what probes cost on this machine, by model and cadence
	python -m tests.benchmarks.overhead
	python -m tests.benchmarks.fit

bench-compare: # this working tree against another commit: make bench-compare REV=HEAD~1
	python -m tests.benchmarks.compare $(REV)

judge: # how often diagnoses are right, on trainings whose fault is known; the first time, it trains them
	python -m tests.benchmarks.judgement

docs: # docs/api.md, from signatures and docstrings
	python -m tests.kit.api_pages docs/api.md
