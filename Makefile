# Prattle's two commands for a newcomer are `make demo` and `make test`.
# `make help` lists the rest.

# gocv is built for the OpenCV of Debian: only the modules that Prattle uses.
# Opus without its file reader, which would want one more library.
TAGS    := gocv_specific_modules,gocv_highgui,gocv_videoio,nolibopusfile
# libvpx statically where there is an archive of it: less memory (media/vpx/lazy.c).
# Looked for when it is used: `make deps` may have to install it first.
STATIC   = $(if $(filter /%,$(shell $(CC) -print-file-name=libvpx.a 2>/dev/null)),$(if $(filter Linux,$(shell uname -s)),$(comma)vpx_static))
comma   := ,
GO      := go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
PREFIX  ?= /usr/local

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 60s

export GOFLAGS = -tags=$(TAGS)$(STATIC)

.DEFAULT_GOAL := help
.PHONY: help deps build test race lint fuzz bench demo demo-room devices-test headless-test quality quality-net test-net test-room install clean screenshots

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## a call between two processes on this machine, with what was measured
	bin/prattle demo

demo-room: build ## a room of four processes, on machines of their own if you are root, with a table
	bin/prattle demo --people 4

test: deps ## all tests that need no device
	$(GO) test -timeout 10m ./...

build: deps ## bin/prattle, bin/prattle-opencv and bin/prattled
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/prattle ./cmd/prattle-opencv
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/prattled

deps: ## install the libraries that are missing (apt-get; on macOS say how)
	@.ci/deps build

race: deps ## the tests under the race detector, without the long tables
	$(GO) test -race -short -timeout 20m ./...

lint: deps ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these'; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

headless-test: ## build and test without cgo, as on a bare machine
	CGO_ENABLED=0 $(GO) build ./...
	CGO_ENABLED=0 $(GO) test -timeout 10m ./...

devices-test: build ## windows under Xvfb, sound through PulseAudio null sinks
	@.ci/deps devices
	.ci/devices

fuzz: deps ## every fuzz target for FUZZTIME (60s) each
	@.ci/fuzz $(FUZZTIME)

bench: deps ## benchmarks: figures, no verdict
	$(GO) test -run '^$$' -bench . -benchmem ./...

# For the scoreboards: which rows (ROW='1M|500k'), how long each call lasts, where
# the files go: to docs only if they are of the whole table.
ROW    ?=
LENGTH ?= 60s
OUT    ?= $(if $(ROW),bin/quality,docs)
ROWS    = $(if $(ROW),/^($(ROW))$$)

quality: deps ## the scoreboard of calls over bad links, in virtual time (ROW=loss-5 for one row)
	$(GO) test -count=1 -v -timeout 2h ./peer/quality -run 'ScoreboardInVirtualTime$(ROWS)' -args -sim -length $(LENGTH) -out '$(abspath $(OUT))'

quality-net: deps ## the same in real time, between network namespaces (needs root)
	$(GO) test -count=1 -v -timeout 2h ./peer/quality -run 'ScoreboardInRealTime$(ROWS)' -args -net -length $(LENGTH) -out '$(abspath $(OUT))'

# For the calls in the NAT lab: which tests (NET=Matrix), how often what is timed is
# repeated.
NET  ?= .
RUNS ?= 5

test-net: deps ## routers of every kind, and calls across them, in network namespaces (needs root)
	@.ci/deps net
	$(GO) test -count=1 -v -timeout 2h ./peer/natlab -run '$(NET)' -args -net -runs $(RUNS)

# For the rooms on one local network: which tests (ROOM=Arrive); RUNS as above, and
# LENGTH for what goes on evenly.
ROOM ?= .

test-room: deps ## rooms of up to eight people on one network, in network namespaces (needs root)
	@.ci/deps net
	$(GO) test -count=1 -v -timeout 2h ./peer/roomlab -run '$(ROOM)' -args -net -runs $(RUNS) -length $(LENGTH)

screenshots: build ## draw the pictures of the README anew
	.ci/screenshots

install: build ## copy the programs to PREFIX/bin (/usr/local/bin)
	install -d $(DESTDIR)$(PREFIX)/bin
	install bin/prattle bin/prattle-opencv bin/prattled $(DESTDIR)$(PREFIX)/bin

clean: ## remove what was built
	rm -rf bin dist
