# SPDX-License-Identifier: Apache-2.0
# nodegauge. `make help` lists the targets.

.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
SHELL := /bin/bash

# ---- settings ----------------------------------------------------------------------------------------------

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS       ?= -O2 -g
PREFIX       ?= /usr/local
LIBDIR       ?= $(PREFIX)/lib
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
SAN          ?=# sanitizers: address,undefined or thread
COV          ?=# 1: count what runs, for `make coverage`
WERROR       ?=# 1: warnings are errors
ARGS         ?=# of nodegauge, for `make run`
FUZZ_SECONDS ?= 30
V            ?=# 1: print the commands

comma   := ,
variant := $(notdir $(lastword $(CC)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(COV),-coverage)
B       := build/$(variant)
quiet   := $(if $(V),,@)
say      = $(if $(V),,@printf '%-7s%s\n' $(1) $(2))

# ---- sources ---------------------------------------------------------------------------------------------------------

sources  := $(sort $(wildcard src/*.c src/*/*.c collectors/*.c collectors/*/*.c collectors/*/*/*.c))
headers  := $(sort $(wildcard include/nodegauge/*.h))
objects  := $(sources:%.c=$(B)/%.o)
library  := $(filter-out $(B)/src/main.o,$(objects))# everything except main, for the tests
fuzzers  := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

# Each test_*.c in tests/unit is a program; the other files there are shared by all, as are those that create file trees.
# tests/runner is one program.
unit_own := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c)))
unit_all := $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)) tests/runner/tree.c)
cases    := $(B)/tests/runner/runner
helpers  := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/faults/*.c)))# programs started by tests

# ---- flags -----------------------------------------------------------------------------------------------------------

supported = $(shell $(CC) -Werror $(1) -fsyntax-only -x c /dev/null >/dev/null 2>&1 && echo $(1))
packages := libmicrohttpd libsystemd libcap libmnl libpcre2-8 zlib $(shell pkg-config --exists libisal 2>/dev/null && echo libisal)

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	-Wimplicit-fallthrough -Wundef -Wformat=2 -Wno-format-nonliteral $(if $(WERROR),-Werror)

ifneq ($(SAN)$(COV),)
level    := $(if $(COV),-O0,-O1) -g
watched  := $(if $(SAN),-fsanitize=$(SAN)) $(if $(COV),--coverage)
hardened := $(if $(SAN),-fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-maybe-uninitialized)
else
level    := $(CFLAGS)
hardened := -fstack-protector-strong -ftrivial-auto-var-init=zero -fstack-clash-protection -fcf-protection \
	$(if $(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif
hardened := $(foreach flag,$(hardened),$(if $(filter -f% -W%,$(flag)),$(call supported,$(flag)),$(flag)))

# Paths inside the object files do not depend on the location of the checkout.
cflags   := $(level) -std=gnu17 -pthread -fPIE -D_GNU_SOURCE= -ffile-prefix-map=$(CURDIR)=. $(warnings) \
	$(hardened) $(watched)
cppflags := -Iinclude $(shell pkg-config --cflags $(packages) 2>/dev/null) $(CPPFLAGS) \
	$(if $(filter libisal,$(packages)),-DHAVE_ISAL=1) $(if $(SAN)$(COV),-DNG_WRITES_REPORTS=1)
ldflags  := -pie -pthread -Wl,--as-needed -Wl,-z,relro,-z,now -Wl,-z,noexecstack $(watched) $(LDFLAGS)
libs     := $(shell pkg-config --libs $(packages) 2>/dev/null) -ldl -lm

compile = $(CC) $(cppflags) $(own) $(cflags) -MMD -MP
link    = $(CC) $(cflags) $(ldflags) -Wl,--dynamic-list=$(B)/public.list

# From src/, a collector may include the headers listed in tools/lint-rules, which only in-tree collectors share. A collector
# with folders includes its own headers relative to its top, "stats/read.h", and so do the tests.
houses   := $(sort $(foreach source,$(wildcard collectors/*/*/*.c),$(word 2,$(subst /, ,$(source)))))
$(B)/src/% $(B)/collectors/%: private own = -Isrc
$(B)/tests/%: private own = $(addprefix -Icollectors/,$(houses)) -Isrc
$(foreach house,$(houses),$(eval $(B)/collectors/$(house)/%: private own = -Icollectors/$(house) -Isrc))
$(B)/src/exporter/version.o: private own = -Isrc -DNG_VERSION='"$(version)"' \
	$(if $(revision),-DNG_REVISION='"$(revision)"')

version  := $(shell cat VERSION)
revision := $(shell cat .revision 2>/dev/null || git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)

# ---- the daemon ------------------------------------------------------------------------------------------------------

.PHONY: all run test check install format lint docs bench fuzz fuzz-check coverage clean help FORCE

all: $(B)/nodegauge
ifeq ($(SAN)$(COV),)
	@ln -sfn $(variant)/nodegauge build/nodegauge
endif

# Objects, never an archive: from an archive, a linker takes only what is referenced, and nothing references a collector.
$(B)/nodegauge: $(objects) $(B)/public.list
	$(call say,LINK,$@)
	$(quiet)$(link) -o $@ $(objects) $(libs)

.PHONY: objects
objects: $(objects)

$(B)/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(quiet)$(compile) -c -o $@ $<

$(B)/src/exporter/version.o: $(B)/version

# The functions of the public headers, which loadable collectors use; no other symbols are visible to them.
$(B)/public.list: $(headers) | $(B)/flags
	@{ echo '{'; grep -oh '\bng_[a-z0-9_]*(' $(headers) | sort -u | tr '(' ';'; echo '};'; } > $@

# Everything is rebuilt when the flags change, and the file with the version when the revision changes.
remember = @mkdir -p $(@D); printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) > $@
$(B)/flags: FORCE
	@tools/install-packages --check build
	$(call remember,'$(subst ','\'',$(compile) $(link) $(libs))')
$(B)/version: FORCE
	$(call remember,'$(version) $(revision)')

-include $(objects:.o=.d) $(wildcard $(B)/tests/*/*.d)

run:
	@tools/install-packages build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	exec $(B)/nodegauge $(ARGS)

# ---- tests -----------------------------------------------------------------------------------------------------------

# In the order in which they run. Sanitizers and coverage only concern code that is compiled here, so they skip the rest. A case
# runs in a single thread, so there are no races to be found.
scripts := tests/http/run tests/faults/run
ifeq ($(SAN)$(COV),)
scripts := tests/module/run tests/lint/run tests/docs/run tests/alerts/run tests/bench/check tests/compat/fixtures $(scripts) \
	tests/privilege/run tests/container/run tests/compat/live tests/compat/prometheus
endif

test:
	@tools/install-packages build test
	@$(MAKE) --no-print-directory -j$$(nproc) tests
	@$(MAKE) --no-print-directory check

.PHONY: tests
tests: all $(unit_own) $(cases) $(helpers)

check:
	@CC='$(CC)' BUILD=$(B) NODEGAUGE=$(B)/nodegauge tools/run-tests $(unit_own) $(if $(filter thread,$(SAN)),,$(cases)) $(scripts)$(if $(COV),; \
		status=$$?; CC='$(CC)' tools/coverage $(B) build/coverage && exit $$status)

# Each system call and each allocation in turn fails, for all cases; `make test` runs only as many as time permits.
.PHONY: test-faults
test-faults:
	@tools/install-packages build test
	@$(MAKE) --no-print-directory -j$$(nproc) $(cases)
	$(cases) -t 3600 errno memory

cmocka = $(shell pkg-config --libs cmocka)
$(unit_own): $(B)/%: $(B)/%.o $(unit_all) $(library) $(B)/public.list
	$(call say,LINK,$@)
	$(quiet)$(link) -o $@ $(filter %.o %.a,$^) $(libs) $(cmocka)

$(B)/tests/unit/test_assembly: $(B)/tests/runner/allocations.o

cases_objects := $(patsubst %.c,$(B)/%.o,$(wildcard tests/runner/*.c))
$(cases): $(cases_objects) $(library) $(B)/public.list
	$(call say,LINK,$@)
	$(quiet)$(link) -o $@ $(cases_objects) $(library) $(libs)

$(helpers): $(B)/%: $(B)/%.o
	$(call say,LINK,$@)
	$(quiet)$(CC) $(cflags) $(ldflags) -o $@ $<

.SECONDARY: # keep the objects of the tests

bench:
	@tools/install-packages build test bench
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@CC='$(CC)' BUILD=$(B) NODEGAUGE=$(B)/nodegauge tests/bench/run $(ARGS)
	@[ -n '$(ARGS)' ] || CC='$(CC)' BUILD=$(B) NODEGAUGE=$(B)/nodegauge tests/bench/pods

# libFuzzer needs clang. Findings are saved in build/fuzz; seeds are in tests/fuzz/corpus/NAME.
fuzz_build := --no-print-directory CC=clang SAN=address,undefined,fuzzer-no-link COV=
fuzz:
	@tools/install-packages build fuzz
	@$(MAKE) $(fuzz_build) -j$$(nproc) fuzz-programs
	@$(MAKE) $(fuzz_build) fuzz-check

.PHONY: fuzz-programs
fuzz-programs: $(fuzzers)
fuzz-check:
	@tools/run-fuzzers $(FUZZ_SECONDS) $(fuzzers)

# They create trees and check output in the same way as the cases.
fuzz_all := $(patsubst %,$(B)/tests/runner/%.o,exposition instance lexis promise scene steps store tree)
$(fuzzers): $(B)/%: $(B)/%.o $(fuzz_all) $(library) $(B)/public.list
	$(call say,LINK,$@)
	$(quiet)$(link) -fsanitize=fuzzer -o $@ $< $(fuzz_all) $(library) $(libs)

coverage:
	-@$(MAKE) --no-print-directory COV=1 test
	@cat build/coverage/summary

include packaging/image.mk

# ---- code and documents ----------------------------------------------------------------------------------------------

format:
	clang-format -i $(filter-out tests/lint/%,$(shell git ls-files '*.[ch]'))

lint:
	@tools/install-packages build test lint
	@$(MAKE) --no-print-directory -j$$(nproc) objects
	@BUILD=$(B) CPPFLAGS='$(cppflags) $(addprefix -Icollectors/,$(houses)) -Isrc -D_GNU_SOURCE=' tools/lint

docs: all
	@tools/gen-docs $(B)/nodegauge
	@NODEGAUGE=$(B)/nodegauge tests/privilege/run --write # as root; otherwise the page is left unchanged

install: all
	install -D $(B)/nodegauge $(DESTDIR)$(PREFIX)/bin/nodegauge
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/nodegauge $(headers)
	install -D -m 644 packaging/man/nodegauge.8 $(DESTDIR)$(PREFIX)/share/man/man8/nodegauge.8
	install -d $(DESTDIR)$(PKGCONFIGDIR)
	sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@VERSION@|$(version)|g' packaging/nodegauge.pc.in \
		> $(DESTDIR)$(PKGCONFIGDIR)/nodegauge.pc

include packaging/packaging.mk

clean:
	rm -rf build

help:
	@cat tools/help.txt
