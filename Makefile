# goctx: `make` builds, `make help` lists the targets.

CC      ?= gcc
CFLAGS  ?= -O2 -g
BUILD   ?= build
PREFIX  ?= /usr/local
SRC     := dwarf-helper/src
LAYERS  := base target image layout runtime context analysis report main

override CPPFLAGS += -I$(SRC) -D_GNU_SOURCE
override CFLAGS   += -std=c11 -Wall -Wextra -fno-strict-aliasing -pthread
LDLIBS  := -ldwarf -lelf -lz -pthread

SOURCES := $(foreach l,$(LAYERS),$(wildcard $(SRC)/$(l)/*.c))
OBJECTS := $(SOURCES:$(SRC)/%.c=$(BUILD)/obj/%.o)
LIBOBJS := $(filter-out $(BUILD)/obj/main/main.o,$(OBJECTS))

.PHONY: all
all: $(BUILD)/goctx ## build the helper (default)

$(BUILD)/goctx: $(BUILD)/obj/main/main.o $(BUILD)/libgoctx.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libgoctx.a: $(LIBOBJS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
