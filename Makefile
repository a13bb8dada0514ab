# One way to do each thing. `make demo` needs only git, make and Python >= 3.11.
.DEFAULT_GOAL := help
export UV_PROJECT_ENVIRONMENT := .venv
# Processes that commands and tests start read compiled modules instead of compiling them again.
unexport PYTHONDONTWRITEBYTECODE
UV := $(shell command -v uv || echo .uv/bin/uv)
RUN := $(UV) run --frozen --no-sync

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

.uv/bin/uv:
	@python3 -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv

.venv/.ready: pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(UV) sync --frozen --quiet --compile-bytecode
	@touch $@

demo: .venv/.ready ## Publish five requests, match them, print the ranked suppliers (ARGS=--with-payments: and pay)
	@$(RUN) kerben demo $(ARGS)

serve: .venv/.ready ## Start the API at 127.0.0.1:8000 with database and workers inside
	@$(RUN) kerben serve

test: .venv/.ready ## Run the tests on the embedded database
	@$(RUN) pytest -n auto

check: .venv/.ready ## Everything that CI runs: lint, types, layers, contract, tests
	@$(RUN) kerben ci

bench: .venv/.ready ## Benchmarks, each a ratio against a named baseline
	@for file in benchmarks/bench_*.py; do $(RUN) python $$file; done

sbom: .venv/.ready ## Write the bill of materials (CycloneDX) of what runs to build/sbom.json
	@mkdir -p build
	@$(UV) export --format cyclonedx1.5 --frozen --no-dev --no-emit-project --quiet -o build/sbom.json >/dev/null

vulnerabilities: .venv/.ready ## Ask PyPI for known weaknesses of what is locked (needs the network; not in CI)
	@mkdir -p build
	@$(UV) export --format requirements.txt --frozen --no-dev --no-emit-project --quiet -o build/requirements.txt >/dev/null
	@$(UV) tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r build/requirements.txt \
		|| { echo "Not clean, or not asked: pip-audit needs pypi.org. Nothing is known to be safe."; exit 1; }

soak: .venv/.ready ## Fifteen minutes of load while processes are killed, then a count (needs redis-server)
	@$(RUN) python -m tests.soak $(ARGS)

sdk: .venv/.ready ## Make and compile the clients of the API in build/sdk (needs npm)
	@UV=$(UV) $(RUN) kerben sdk

openapi: .venv/.ready ## Write openapi/openapi.json
	@$(RUN) kerben openapi

migrate: .venv/.ready ## Bring the database to the newest migration
	@$(RUN) kerben migrate

.PHONY: help demo serve test check bench soak openapi sdk migrate sbom vulnerabilities
