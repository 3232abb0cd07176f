# Gatewarden: "make help" lists what there is.

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# Which compiler builds the filter: auto (TinyGo where it is on PATH, else
# standard Go), go, or tinygo.
TOOLCHAIN ?= auto
# What is left out of the filter: gatewarden_no_operations, or nothing.
TAGS ?=
# A plugin configuration for "make run" in place of the one in envoy.yaml.
CONFIG ?=
# Not empty, "make run" and "make demo" have two proxies that count together.
FLEET ?=
# The Envoy that is got and used.
ENVOY_VERSION ?=
export ENVOY_VERSION
# Where scripts/need puts what the system does not have.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

# What people run beside the filter, and what needs a proxy, has modules of its own,
# which keep their dependencies out of the filter's go.mod.
MODULES := . cmd/gatewarden e2e bench deploy

# Where results are kept, so that parts can be measured one after the other.
BENCH_INTO := -results ../build/bench.json -out ../docs/benchmarks.md

.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

build: ## build build/gatewarden.wasm (TOOLCHAIN=auto|go|tinygo)
	@scripts/build-filter $(TOOLCHAIN) build/gatewarden.wasm $(TAGS)

cli: ## build build/gatewarden, the command line
	@cd cmd/gatewarden && go build -o ../../build/gatewarden .

man: ## write docs/man, docs/cli.md and what pages show of commands, from the commands
	@cd cmd/gatewarden && go test ./internal/cli -run 'IsCurrent$$' -count=1 -write

image: build cli ## pack the filter as an OCI image for Istio and Envoy Gateway, in build/image
	@build/gatewarden image build --revision "$$(git rev-parse HEAD)" $(if $(VERSION),--version $(VERSION))

release: ## make the files of a release in build/release (VERSION=1.2.3-rc.1)
	@scripts/release "$(VERSION)" $(TOOLCHAIN)

run: $(if $(FLEET),need-store) need-envoy build $(if $(FLEET),cli) ## start a demo service and Envoy with envoy.yaml in front of it (CONFIG=file, FLEET=1: two Envoys)
	@$(if $(FLEET),scripts/install-fleet)
	@cd e2e && go run ./cmd/gatewarden-demo run $(if $(CONFIG),-config $(abspath $(CONFIG))) $(if $(FLEET),-fleet)

demo: $(if $(FLEET),need-store) need-envoy build $(if $(FLEET),cli) ## attack the demo service and watch the lockout (FLEET=1: two Envoys, whose store is killed)
	@$(if $(FLEET),scripts/install-fleet)
	@cd e2e && go run ./cmd/gatewarden-demo attack $(if $(FLEET),-fleet)

tour: need-tour build ## run the commands of the documents, and write what they show there
	@cd e2e && go test -count=1 -run '^TestPages$$' ./cmd/gatewarden-demo -refresh

test: need-test build ## run every test, those against the real Envoy included
	@scripts/test

test-manifests: ## put the manifests through Istio's own code too (it takes minutes to build)
	@scripts/need go python
	@cd deploy && go test -count=1 -tags products .

test-envoy: need-envoy build ## run the core of the Envoy tests with another Envoy (ENVOY_VERSION=1.36.4)
	@scripts/test-envoy

fuzz: ## fuzz every parser for a while (TIME=1m each)
	@scripts/fuzz $(or $(TIME),1m)

gauntlet: need-envoy build ## attack Gatewarden and its alternatives; writes docs/gauntlet.md
	@cd e2e && go run ./cmd/gatewarden-gauntlet -out ../docs/gauntlet.md

frameworks: need-frameworks build ## sign in to real frameworks through the filter; writes the table in docs/frameworks.md
	@scripts/install-frameworks
	@cd e2e && go test -count=1 -run '^TestPageIsCurrent$$' ./frameworks -write

mcpclients: need-mcpclients build ## let MCP's own clients be refused; writes the tables in docs/mcp.md
	@scripts/install-mcp-clients
	@cd e2e && go test -count=1 -run '^TestPageIsCurrent$$' ./mcpclients -write

fleet: need-fleet build cli ## measure three proxies that count together; writes the tables in docs/fleet.md
	@scripts/install-fleet
	@cd e2e && go run ./cmd/gatewarden-fleet -out ../docs/fleet.md

bench: ## measure what it costs, in half an hour; writes docs/benchmarks.md (ONLY=part,part)
	@mkdir -p build && cd bench && go run . $(if $(ONLY),-only $(ONLY)) $(BENCH_INTO)

bench-soak: ## the same for memory over ten million requests by each compiler
	@mkdir -p build && cd bench && go run . -only soak -soak 10000000 $(BENCH_INTO)

bench-compare: ## hold a build of the filter against an older one (OLD=file NEW=file): does it cost 3 % more?
	@cd bench && go build -o ../build/bench/bench . && ../build/bench/bench compare -old "$(abspath $(OLD))" -new "$(abspath $(or $(NEW),build/gatewarden.wasm))"

check: ## check formatting, vet, lint and workflows; ends with a clean tree
	@scripts/check $(GOLANGCI_LINT) $(ACTIONLINT) $(MODULES)

# What a target takes is got, or named, before anything else.
need-demo:
	@scripts/need go python
need-store:
	@scripts/need go python redis
# An Envoy that cannot run the filter is named before the filter is built.
need-envoy: need-demo
	@cd e2e && go run ./cmd/gatewarden-demo envoy >/dev/null
need-tour:
	@scripts/need go python curl
need-frameworks:
	@scripts/need go python node java
need-mcpclients:
	@scripts/need go python node
need-fleet: need-store need-envoy
need-test:
	@scripts/need go python curl node java chromium prometheus servers redis

clean: ## remove what was built and downloaded
	rm -rf build .tools

.PHONY: help build cli man run demo test test-manifests test-envoy need-demo need-store need-envoy need-tour need-frameworks need-mcpclients need-fleet need-test fuzz gauntlet frameworks mcpclients fleet bench bench-soak bench-compare check tour image release clean
