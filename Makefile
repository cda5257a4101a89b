# What people who change innate run. CI runs .ci/run, which does the same and more.

export CGO_ENABLED ?= 0

.PHONY: build test race golden e2e fuzz bench asm lint imports size clean

build: ## the binary, ./innate
	go build -o innate ./cmd/innate

test: ## all tests: offline, under three minutes on two cores
	go test ./...

race: ## the race detector, where goroutines meet; needs a C compiler
	CGO_ENABLED=1 go test -race ./configs ./trainer ./trainer/control ./trainer/runlog ./tui/...
	CGO_ENABLED=1 go test -race ./models/kernels -run Pool
	CGO_ENABLED=1 go test -race ./trainer/loop -run 'Fault(Signal|Checkpoint|Lock|Config|Evaluate|FirstStart)|Steering|WatchedConfig'

golden: ## rewrite golden files: read the diff before you commit it
	go test $$(go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./... | grep -e innate/trainer/golden -e innate/tui/tuitest | cut -d' ' -f1) -update

e2e: ## real processes and terminals (tmux), killed and resumed: some minutes
	INNATE_E2E=1 go test -count=1 -run E2E ./cmd/innate

FUZZTIME ?= 30s
fuzz: ## every fuzz target for FUZZTIME
	@for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep ^Fuzz); do \
			echo "== $$p $$f"; go test $$p -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; \
	done

BENCH ?= Step
bench: ## benchmarks named BENCH; for benchstat: COUNT=10
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(or $(COUNT),1) ./trainer/method ./trainer/loop ./models/graph ./models/kernels ./tui

asm: ## generate the assembly anew
	go generate ./models/kernels

lint: ## gofmt, vet, golangci-lint (if installed)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: see CONTRIBUTING.md"; fi

imports: ## packages by level, each with what it imports of the others; DOT=1 for graphviz
	@.ci/imports $(if $(DOT),dot)

size: ## what the program is made of
	@.ci/size

clean: ## what the build and the tests leave
	rm -f innate *.test *.prof

help: ## this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10
