# Every target works on a bare clone; `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo study-demo study-hopper-mass faults study-sigkill study-darc study-off-dynamics study-fine-tuning study-draws study-identify-a1 test lint format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv with everything: simulators, training, ROS 2 wheels, tools

$(STAMP): setup.cfg setup.py pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v == (3, 11) else \
	  "make setup needs Python 3.11, the newest one that PyBullet has wheels for; $(PYTHON) is %d.%d.\n" % v + \
	  "Name one with: make setup PYTHON=/path/to/python3.11")'
	@echo "[1/3] creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@echo "[2/3] updating pip"
	@$(PIP) install --upgrade pip
	@echo "[3/3] installing terrafirma with PyBullet, MuJoCo, torch (CPU) and ROS 2 (one to three minutes)"
	@$(PIP) install -c constraints.txt -e '.[train,ros,ray,dev]'
	@touch $@
	@echo "ready: $(BIN)/terrafirma --help"

demo: setup  ## the whole loop: train, deploy, record, adapt, deploy again, report
	$(BIN)/terrafirma run iiwa-reach-broken-joint --out runs/demo

study-demo: setup  ## the demo on three seeds, one after the other (half an hour)
	for seed in 0 1 2; do \
	  $(BIN)/terrafirma run iiwa-reach-broken-joint --seed $$seed --out runs/study/seed-$$seed || exit 1; \
	  mkdir -p benchmarks/results; \
	  cp runs/study/seed-$$seed/summary.json benchmarks/results/iiwa-reach-broken-joint-seed-$$seed.json; \
	done

faults: setup  ## break a walking robot in every way there is, and write docs/faults.md
	WRITE_FAULTS=1 $(BIN)/python -m pytest -q tests/robot_bridge/faults

study-sigkill: setup  ## kill each node of a walking robot, 50 times in all, and write docs/sigkill.md (20 minutes)
	KILLS=50 WRITE_SIGKILL=1 $(BIN)/python -m pytest -q tests/robot_bridge/test_sigkill.py

study-hopper-mass: setup  ## EPOpt's mass sweep: six ways to train, three seeds each (hours); goes on where it stopped
	$(BIN)/python benchmarks/hopper_mass.py

study-darc: setup  ## DARC and its ablations on the tasks of its paper; goes on where it stopped (hours), writes the page
	$(BIN)/terrafirma bench darc
	$(BIN)/python -m pipeline.off_dynamics.documentation docs/off-dynamics.md

study-off-dynamics: setup  ## all methods on seven shifts; goes on where it stopped (ten hours), writes the page
	$(BIN)/terrafirma bench offdynamics
	$(BIN)/python -m pipeline.off_dynamics.documentation docs/off-dynamics.md

study-fine-tuning: setup  ## a motor weakens and a running policy is mended, in real time (eight minutes), writes the page
	$(BIN)/terrafirma train iiwa-reach-broken-joint --out runs/live-source
	$(BIN)/python benchmarks/live_fine_tuning.py runs/live-source

study-draws: setup  ## swing arms that nobody knows, identify and adapt, ten times (half an hour), writes the page
	$(BIN)/terrafirma train iiwa-reach-broken-joint --out runs/live-source
	$(BIN)/python -m benchmarks.adapt_to_draws runs/live-source

study-identify-a1: setup  ## swing and weigh quadrupeds that nobody knows, ten times (ten minutes), writes the page
	$(BIN)/python -m benchmarks.identify_a1

lint: setup  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## lint, then every test
	$(BIN)/pytest -n $(JOBS) --dist loadfile

format: setup  ## rewrite the code as the formatter wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove environments, caches and build outputs, but not runs/
	rm -rf $(VENV) .venv-robot .venv-colcon build dist install log *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
