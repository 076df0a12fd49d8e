# Partyline.
#
#   make run               build and start the chat; it prints the addresses to open
#   make run PORT=4000     any setting of `partyline --help`, as a word in capitals; a secret is better
#                          given as PARTYLINE_PASSPHRASE="two words" make run, where `ps` does not show it
#   make client            the chat in a terminal; URL=ws://teacher:3000 and NAME=ana if you like
#   make tiny              lesson 0: the whole idea in one file, src/bin/tiny.rs
#   make lab               the exercises of the lab sheet, lab.html, each with its state; N=3 checks one of them
#   make lab-check         their solutions pass the checks, and the unchanged server does not
#   make test              all tests, a real browser included
#   make bench             the CPU time that the server needs, in less than 5 minutes (SHORT=1: in one)
#   make bench CURVE=1     how that grows from 10 clients to 12,500
#   make bench ONLY=busy   only the scenarios with this in their name
#   make check             formatting and lints, which have to pass before a commit, as the tests do

# Every connection takes a file descriptor, and many systems let a program have only 1,024 of them.
RAISE_LIMIT = ulimit -n "$$(ulimit -Hn)" 2>/dev/null || ulimit -n 10240 2>/dev/null || true

# glibc keeps freed memory for later allocations, some of it in an arena for each thread and some in a cache for
# each thread. The first setting limits the number of arenas; with the second, blocks of 1 MiB or more go back to
# the system; the third switches the cache off, which saves 2.4 kB for each idle client of the chat.
export MALLOC_ARENA_MAX ?= 4
export MALLOC_MMAP_THRESHOLD_ ?= 1048576
export GLIBC_TUNABLES ?= glibc.malloc.tcache_count=0

# `make run DATA=evening` gives the server PARTYLINE_DATA=evening in its environment, whatever characters
# are in the value. Only words of make's command line are passed on, because a DATA in the environment may
# be another program's; all of them are, so that the server refuses a misspelled one.
ifeq ($(filter-out run,$(MAKECMDGOALS)),)
define SETTING
unexport $(1)
override PARTYLINE_$(2) := $$(value $(1))
export PARTYLINE_$(2)
endef
$(foreach word,$(filter-out MALLOC_% CARGO% RUST% SHELL MAKE%,$(.VARIABLES)),\
	$(if $(filter command,$(origin $(word))),$(eval $(call SETTING,$(word),$(word:PARTYLINE_%=%)))))
ifeq ($(origin PASSPHRASE) $(origin PARTYLINE_PASSPHRASE),environment undefined)
$(error PASSPHRASE may be another program's: say PARTYLINE_PASSPHRASE="two words" make run, or unset it)
endif
endif

# In the background (`make run &`) the terminal would stop a program that reads from it or writes to it. If
# these two signals are ignored, reading fails instead, and the server goes on without commands.
run:
	@$(RAISE_LIMIT); trap '' TTIN TTOU; exec cargo run --release

client:
	@exec cargo run --release --bin partyline-console -- \
		$(if $(filter command,$(origin URL)),"$$URL") $(if $(filter command,$(origin NAME)),--name "$$NAME")

tiny:
	@exec cargo run --release --bin tiny

# The checks are a debug build, as the tests are. make itself puts N, SEED, ANSWER, RUN and WRONG of its command
# line into the environment, where the program finds them.
lab:
	@cargo bench --quiet --profile dev --bench lab

lab-check:
	@cargo bench --quiet --profile dev --bench lab -- solutions

# The tests mostly wait for events, so more of them can run at once than the machine has cores.
export RUST_TEST_THREADS ?= 6

# All tests run in a debug build, which panics on an integer overflow. The tests of what clients can do to
# the server's process run again in a release build, because that is what a class runs.
test: browser
	@$(RAISE_LIMIT); cargo test
	@$(RAISE_LIMIT); cargo test --release -- websocket:: crowd chat::input

bench:
	@$(RAISE_LIMIT); cargo bench --bench bench -- $(if $(SHORT),--short) \
		$(if $(CURVE),--curve) $(if $(ONLY),--only '$(ONLY)')

check:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

# The tests of the pages need Chromium or a browser that is built on it.
BROWSERS = chromium chromium-browser google-chrome google-chrome-stable microsoft-edge brave-browser brave
browser:
	@if [ -n "$$CHROMIUM" ]; then exit 0; fi; \
	for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	for app in "Google Chrome" Chromium; do [ -d "/Applications/$$app.app" ] && exit 0; done; \
	root=; [ "$$(id -u)" = 0 ] || root="sudo -n"; \
	if command -v apt-get >/dev/null && $$root true 2>/dev/null; then \
		echo "The tests need a browser: installing chromium."; \
		$$root apt-get update -q && $$root apt-get install -q -y chromium; \
	else \
		echo "The tests need a browser. Install Chromium or Chrome, or say where one is:"; \
		echo "    make test CHROMIUM=/path/to/chromium"; \
		exit 1; \
	fi


.PHONY: run client tiny lab lab-check test bench check browser
