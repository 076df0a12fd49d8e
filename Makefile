# Partyline.
#
#   make run               build and start the chat; it prints the addresses to open
#   make run PORT=4000     any setting of `partyline --help`, as a word in capitals
#   make tiny              lesson 0: the whole idea in one file, src/bin/tiny.rs
#   make test              all tests, a real browser included
#   make bench             what it costs, in CPU time, in less than 5 minutes (SHORT=1: in one)
#   make bench CURVE=1     how that grows from 10 clients to 10,000
#   make bench ONLY=busy   only what has this in its name
#   make check             what must pass before a commit besides the tests

# Every connection takes a file descriptor, and many systems start programs with only 1,024.
RAISE_LIMIT = ulimit -n "$$(ulimit -Hn)" 2>/dev/null || ulimit -n 10240 2>/dev/null || true

# glibc keeps freed memory for later, some of it for each thread: these two make it give back what is large.
export MALLOC_ARENA_MAX ?= 4
export MALLOC_MMAP_THRESHOLD_ ?= 1048576

run:
	@$(RAISE_LIMIT); exec cargo run --release

tiny:
	@exec cargo run --release --bin tiny

# The tests wait most of the time, so that more of them than there are cores can run at once.
export RUST_TEST_THREADS ?= 4

# All tests in a debug build, which also checks for overflows; what clients can do to the process
# once more in the build that people run.
test: browser
	@$(RAISE_LIMIT); cargo test
	@$(RAISE_LIMIT); cargo test --release -- websocket:: crowd chat::input

bench:
	@$(RAISE_LIMIT); cargo bench --bench bench -- $(if $(SHORT),--short) \
		$(if $(CURVE),--curve) $(if $(ONLY),--only '$(ONLY)')

check:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

# The tests of the pages need Chromium or one of its relatives.
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


.PHONY: run tiny test bench check browser
