# goctx: `make` builds, `make help` lists the targets.

CFLAGS  ?= -O2 -g
BUILD   ?= build
PREFIX  ?= /usr/local
PYTHON  ?= $(firstword $(wildcard /usr/bin/python3) python3)
SRC     := dwarf-helper/src
LAYERS  := base target image layout runtime context analysis report main
VERSION := $(shell sed -n 's/.*GOCTX_VERSION "\(.*\)".*/\1/p' $(SRC)/main/version.h)

override CPPFLAGS += -I$(SRC) -D_GNU_SOURCE
override CFLAGS   += -std=c11 -Wall -Wextra -fno-strict-aliasing -pthread
LDLIBS  := -ldwarf -lelf -lz -lm -pthread

SOURCES := $(foreach l,$(LAYERS),$(wildcard $(SRC)/$(l)/*.c))
OBJECTS := $(SOURCES:$(SRC)/%.c=$(BUILD)/obj/%.o)
LIBOBJS := $(filter-out $(BUILD)/obj/main/main.o,$(OBJECTS))

.PHONY: all
all: $(BUILD)/goctx $(BUILD)/.options ## build the helper (default)

# GDB's help and completion know the options by the helper's own table (dwarf-helper/src/main/table.h).
OPTIONS := gdb/goctx/options.tsv
$(BUILD)/.options: $(BUILD)/goctx
	@$< @options >$@.new
	@cmp -s $@.new $(OPTIONS) || { cp $@.new $(OPTIONS).$$$$ && mv $(OPTIONS).$$$$ $(OPTIONS); }
	@mv $@.new $@

# Say which packages are missing before the compiler complains about headers.
$(BUILD)/.deps:
	@tests/support/deps.sh --say build
	@mkdir -p $(@D) && touch $@

$(BUILD)/goctx: $(BUILD)/obj/main/main.o $(BUILD)/libgoctx.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libgoctx.a: $(LIBOBJS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: $(SRC)/%.c | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

# demo and check build on all processors, unless -j was given.
JOBS = $(if $(filter -j% --jobs%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))

.PHONY: demo
demo: ## install what is missing, build, take a core of a leaking example, show it through GDB
	@tests/support/deps.sh demo
	@echo "building goctx"
	@$(MAKE) --no-print-directory $(JOBS) all >/dev/null
	@examples/demo.sh $(BUILD)

# The C units run with the sanitizers on; tests that damage cores use the same build.
SAN := -fsanitize=address,undefined -fno-omit-frame-pointer -O1 -g
UNITS := $(patsubst tests/c/test_%.c,$(BUILD)/asan/tests/test_%,$(wildcard tests/c/test_*.c))

.PHONY: asan
asan: ## build the helper with AddressSanitizer and UndefinedBehaviorSanitizer, in build/asan
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan CFLAGS="$(SAN)" all

.PHONY: units
units: asan $(UNITS) $(BUILD)/asan/tests/stackprobe ## build the C unit tests (with the sanitizers)

$(BUILD)/asan/tests/test_%: tests/c/test_%.c $(wildcard tests/c/*.h) $(wildcard tests/c/fake.c) $(BUILD)/asan/libgoctx.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/c $(SAN) -std=c11 -Wall -Wextra -fno-strict-aliasing -pthread -o $@ $< \
		$(wildcard tests/c/fake.c) $(BUILD)/asan/libgoctx.a -lcmocka $(LDLIBS)

# Programs that tests ask about a core.
$(BUILD)/asan/tests/stackprobe: tests/c/stackprobe.c $(BUILD)/asan/libgoctx.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(SAN) -std=c11 -Wall -Wextra -fno-strict-aliasing -pthread -o $@ $^ $(LDLIBS)

$(BUILD)/asan/libgoctx.a: asan

# Files of tests run side by side, one a processor; tests/conftest.py makes the groups.
TEST_JOBS ?= $(shell nproc 2>/dev/null || echo 1)

.PHONY: check
check: ## the whole test suite
	@tests/support/deps.sh check
	@$(MAKE) --no-print-directory $(JOBS) all units
	@$(PYTHON) -m pytest -q -n $(TEST_JOBS) --dist loadgroup tests $(PYTEST_ARGS)

# Files of tests that need no Go toolchain, or only for a part; none is fetched or used, even where one is at hand.
QUICK := test_units test_layers test_format test_records test_readmes test_golden test_bad_input test_small_core \
	gdb/test_bridge gdb/test_lines gdb/test_outline gdb/test_table gdb/test_loading gdb/test_small_sessions

.PHONY: check-quick
check-quick: ## the tests that need no Go toolchain, all commands over a small core among them (under 3 minutes)
	@tests/support/deps.sh check
	@$(MAKE) --no-print-directory $(JOBS) all units
	@XDG_CACHE_HOME=$(abspath $(BUILD))/no-cache GOCTX_OFFLINE=1 $(PYTHON) -m pytest -q -n $(TEST_JOBS) --dist loadgroup \
		$(QUICK:%=tests/%.py) $(PYTEST_ARGS)

.PHONY: check-places
check-places: ## places and builds, the whole table (minutes; check runs a part of it)
	@tests/support/deps.sh check
	@$(MAKE) --no-print-directory $(JOBS) all
	@GOCTX_PLACES=all $(PYTHON) -m pytest -q -n $(TEST_JOBS) --dist load tests/test_places.py $(PYTEST_ARGS)

.PHONY: check-wild
check-wild: all ## Go's own tests killed at random, against the runtime's tracebacks (WILD_ARGS='--runs 10 net/http')
	@tests/support/deps.sh check
	@$(PYTHON) tests/wild/wild.py --goctx $(BUILD)/goctx $(WILD_ARGS)

# Debian 12's clang-format is 14; others format differently, and tests/test_format.py leaves the comparison out for them.
CLANG_FORMAT ?= clang-format

.PHONY: format
format: ## format all C by .clang-format (clang-format 14)
	@$(CLANG_FORMAT) -i $(wildcard $(SRC)/*/*.[ch] tests/c/*.[ch])

.PHONY: golden
golden: all ## rewrite the golden screens and those in the examples' READMEs (review the diff)
	@GOCTX_GOLDEN=update $(PYTHON) -m pytest -q tests/test_golden.py
	@$(PYTHON) tests/support/fill_screens.py --goctx $(BUILD)/goctx

.PHONY: records
records: all ## rewrite dwarf-helper/RECORDS.md from the list of records (review the diff)
	@$(BUILD)/goctx @records >dwarf-helper/RECORDS.md

.PHONY: bench
bench: all ## time every command against one raw pass over a core (BENCH_ARGS=--huge)
	@CC="$(CC)" $(PYTHON) tests/bench/bench.py $(BENCH_ARGS)

.PHONY: install
install: all ## install the helper and the GDB package below PREFIX
	install -D -m 755 $(BUILD)/goctx $(DESTDIR)$(PREFIX)/bin/goctx
	install -d $(DESTDIR)$(PREFIX)/share/goctx
	cp -r gdb $(DESTDIR)$(PREFIX)/share/goctx/
	find $(DESTDIR)$(PREFIX)/share/goctx -name __pycache__ -prune -exec rm -rf {} +
	@echo "in GDB: source $(PREFIX)/share/goctx/gdb/goctx-gdb.py"

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
