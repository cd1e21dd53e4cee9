# What people call, and what CI calls. Each target does all its own set-up.

.PHONY: build test newcomer boot check format tsan bench help

help: ## Lists these targets.
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

build: ## Builds the release binaries, and installs what they need.
	@./heights help >/dev/null
	swift build -c release --product summit
	swift build -c release --product BenchHello
	swift build -c release --product BenchRouter
	swift build -c release --product BenchJSON
	swift build -c release --product BenchCalls

test: build ## Runs every test: units, then real processes, hostile clients and a real browser.
	scripts/test-setup
	# One at a time: many tests wait for real processes on their own thread, and two cores have few threads to spare.
	scripts/in-time 600 swift test --no-parallel
	# What Summit stores must be the same on both engines.
	HEIGHTS_TEST_DATABASE=postgres scripts/in-time 600 swift test --skip-build --no-parallel \
	  --filter 'SummitTests.(API|Posts|Accounts|Statement)Tests'
	HEIGHTS_TEST_DATABASE=ranges scripts/in-time 600 swift test --skip-build --no-parallel \
	  --filter 'SummitTests.(API|Posts|Accounts|Statement)Tests'
	# They wait more than they work: one more at once than there are cores.
	.venv/bin/python -m pytest Tests/Integration --numprocesses=$$(($$(nproc) + 1)) --maxprocesses=6 --dist=worksteal \
	  --durations=20

newcomer: ## Walks the README's first walk on a new Debian 12 that has nothing of Heights'. Ten minutes; as root.
	scripts/install-packages mmdebstrap systemd-container python3-venv
	scripts/python-environment .venv Tests/Integration/requirements.txt
	PYTHONPATH=Tests/Integration .venv/bin/python -m pytest -c Tests/Integration/pytest.ini Tests/Newcomer

boot: build ## Starts servers as AWS would: their user data under a real systemd, on a new Debian 12. As root.
	scripts/install-packages mmdebstrap systemd-container python3-venv iproute2 postgresql redis-server haproxy openssl \
	  nfs-ganesha-vfs
	scripts/python-environment .venv Tests/Integration/requirements.txt
	scripts/python-environment .venv-aws Tests/Integration/requirements-aws.txt --no-deps
	PYTHONPATH=Tests/Integration .venv/bin/python -m pytest -c Tests/Integration/pytest.ini Tests/Boot

check: build ## Format, lint and the habits of this code base, without changing anything.
	swift format lint --strict --recursive Package.swift Sources Examples Tests Benchmarks
	scripts/in-time 600 swift test --filter TidyTests

format: ## Formats the Swift sources.
	swift format --in-place --recursive Package.swift Sources Examples Tests Benchmarks

# Values that no two threads have. The sanitizer takes four minutes for them and could find nothing.
VALUES := CloudFormation|Deploy|History|Planner|Policies|Tidy|Topology|Workload

tsan: build ## Runs the unit tests of all that has threads under ThreadSanitizer.
	scripts/in-time 600 swift test --no-parallel --sanitize=thread --scratch-path .build/tsan --skip '^($(VALUES))Tests[.]'

bench: build ## Measures, as ratios against a named peer in the same run. Takes some minutes.
	scripts/install-packages wrk nghttp2-client nodejs postgresql haproxy openssl python3-venv
	scripts/python-environment .venv-cdk Benchmarks/Peers/cdk/requirements.txt
	scripts/python-environment .venv-fastapi Benchmarks/Peers/fastapi/requirements.txt
	Benchmarks/run
