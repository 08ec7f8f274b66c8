# Copyright (C) the Pupil authors
#
# Every command that a person types; `make help` lists them.  Variables:
#
#     B=build        where everything that is made goes
#     T=t/x.t        which tests `make test` runs
#     J=3            how many test files run at once
#     SAN=1, COV=1   sanitizers, coverage (set by test-asan and coverage)
#     NGX_SRC        nginx's sources or headers, here Debian's nginx-dev
#     PREFIX, DESTDIR, DEB_VERSION, DEMO_PORT
#     FUZZ_SECONDS, SOAK_SECONDS, SOAK_SEED

SHELL = /bin/bash
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
.PHONY: all help tests deps deps-lint test test-campaigns test-asan test-static \
        test-timing coverage bench bench-fair bench-rush bench-storm bench-growth \
        bench-sealed bench-roster rollover soak mutations demo demo-stop lint \
        format fuzz fuzzers promises install uninstall deb test-deb clean FORCE

B            ?= build
T            ?= $(wildcard t/*.t t/roster/*.t)
J            ?= 3
PREFIX       ?= /usr
NGX_SRC      ?= /usr/share/nginx/src
FUZZ_SECONDS ?= 20
SOAK_SECONDS ?= 600

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif


# Sources: new files are found by their place, at any depth

sources = $(sort $(shell find $(wildcard $1) -name '*.$2'))

CATEGORIES := $(sort $(patsubst plugins/%/,%,$(dir $(wildcard plugins/*/*.c))))
CORE_SRC   := $(call sources,ngx_module/core,c)
HTTP_SRC   := $(call sources,ngx_module/pg ngx_module/http,c)
CTL_SRC    := $(call sources,ngx_module/ctl,c)
UNIT_SRC   := $(wildcard t/unit/test_*.c)
FUZZ_SRC   := $(wildcard t/fuzz/fuzz_*.c)
TPLUG_SRC  := $(wildcard t/plugins/*.c t/plugins/*/*.c)
TPG_SRC    := $(wildcard t/pg/*.c)
MAN        := $(wildcard docs/*.1 docs/man/*.1 ngx_module/ctl/*.1)

CORE_OBJ   := $(CORE_SRC:%.c=$(B)/obj/%.o)
HTTP_OBJ   := $(HTTP_SRC:%.c=$(B)/obj/%.o)
CTL_OBJ    := $(CTL_SRC:%.c=$(B)/obj/%.o)
PG_OBJ     := $(filter $(B)/obj/ngx_module/pg/%,$(HTTP_OBJ))
TPG_OBJ    := $(TPG_SRC:%.c=$(B)/obj/%.o)
PLUGINS    := $(CATEGORIES:%=$(B)/plugins/pupil_%.so)
UNITS      := $(UNIT_SRC:t/unit/%.c=$(B)/unit/%)
FUZZERS    := $(FUZZ_SRC:t/fuzz/%.c=$(B)/fuzz/%)
TPLUGS     := $(TPLUG_SRC:t/plugins/%.c=$(B)/t/plugins/%.so)

CORE_LIB   := $(B)/libpupil_core.a
MODULE     := $(if $(HTTP_SRC),$(B)/ngx_http_pupil_module.so)
CTL        := $(if $(CTL_SRC),$(B)/pupilctl)
TPG        := $(B)/t/ngx_http_libpq_test_module.so


# Flags

CFLAGS   ?= -O2 -g
SAN_FLAGS = -fsanitize=address,undefined -fno-omit-frame-pointer \
            -fno-sanitize-recover=undefined
HARDEN    = $(if $(SAN)$(COV),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong
VARIANT   = $(if $(SAN),$(SAN_FLAGS)) \
            $(if $(COV),--coverage -fprofile-update=atomic)
WARN      = -Wall -Wextra -Werror
WARN_OURS = $(WARN) -Wshadow -Wstrict-prototypes -Wmissing-prototypes
INC       = -Iinclude -Ingx_module
PG_INC   := -I$(shell pg_config --includedir 2>/dev/null)
XML_INC  := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags \
            xmlsec1-openssl 2>/dev/null))

BASE      = -std=gnu11 -fPIC $(CFLAGS) $(HARDEN) $(VARIANT) -MMD -MP
CFLAGS_CORE   = $(BASE) $(WARN_OURS) -fvisibility=hidden $(INC)
CFLAGS_CTL    = $(CFLAGS_CORE) $(PG_INC) $(XML_INC) $(CTL_DEFS)
CFLAGS_PLUGIN = $(BASE) $(WARN_OURS) -fvisibility=hidden -Iinclude
CFLAGS_TEST   = $(filter-out -Wmissing-prototypes,$(CFLAGS_CTL)) -It/unit
CFLAGS_HTTP   = $(BASE) $(WARN) -Wno-unused-parameter $(INC) \
                $(PG_INC) $(NGX_INC)

NGX_OBJS ?= $(B)/nginx
NGX_INC   = $(patsubst %,-isystem $(NGX_SRC)/src/%,core event event/modules \
                os/unix http http/modules http/v2) -isystem $(NGX_OBJS)

RELRO     = -Wl,-z,relro -Wl,-z,now
SCRIPT    = -Wl,--version-script=
LDFLAGS_ALL = $(LDFLAGS) $(RELRO) $(VARIANT)
LIBS_CORE = -lsodium -lcjose -loath -lqrencode -lcrypto -lpcre2-8 -lunistring -ldl -lpthread
LIBS_HTTP = $(LIBS_CORE) -lpq -lssl
LIBS_PG   = -lpq -lssl -lcrypto
LIBS_CTL  = $(LIBS_CORE) -lpq -ljansson -lcsv -lzip -lgfshare -lcurl \
            -lxmlsec1-openssl -lxmlsec1 -lxml2

# Not for core, which nginx's own build compiles without it.
CTL_DEFS  = -D_GNU_SOURCE= -DPUPIL_SQL_DIR='"$(PREFIX)/share/pupil/sql"' \
            -DPUPIL_PLUGIN_DIR='"$(PREFIX)/lib/pupil/plugins"'
nginx_own = $$(sed -n 's/^\#define $1 *//p' $(NGX_OBJS)/ngx_auto_config.h)


## all: build the module, the plugins and pupilctl into build/
all: $(CORE_LIB) $(MODULE) $(CTL) $(PLUGINS) $(B)/plugin_info

# What only the tests need.
tests: all $(UNITS) $(TPLUGS) $(TPG) $(B)/plugin_load $(B)/keytool \
    $(B)/search $(B)/clock.so $(B)/hashes.so $(B)/ends.so


# A change of flags makes everything again.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@printf '%s\n' $(ALL_FLAGS) | cmp -s - $@ \
	    || printf '%s\n' $(ALL_FLAGS) >$@

ALL_FLAGS = $(call quote,$(CC) $(CFLAGS_CTL) $(CFLAGS_HTTP) \
            $(LDFLAGS_ALL))
quote = '$(subst ','\'',$(strip $1))'
cc    = @mkdir -p $(@D) && echo "  CC    $<" && $(CC) $1 -c -o $@ $<
link  = @mkdir -p $(@D) && echo "  LD    $@" && $(CC) $1

# nginx's own configure writes ngx_auto_config.h; Debian's flags give the
# module the signature that Debian's nginx checks.
$(B)/nginx/ngx_auto_config.h: $(NGX_SRC)/conf_flags
	@echo "  CONF  nginx headers"; mkdir -p $(B)/nginx; \
	objs=$(abspath $(B))/nginx; cd $(NGX_SRC) && . ./conf_flags \
	&& ./configure "$${NGX_CONF_FLAGS[@]}" --with-cc-opt=-fPIC \
	    --builddir=$$objs >$$objs/configure.log 2>&1 \
	|| { tail $$objs/configure.log; exit 1; }

$(B)/obj/ngx_module/core/%.o: ngx_module/core/%.c $(B)/flags
	$(call cc,$(CFLAGS_CORE))

$(B)/obj/ngx_module/ctl/%.o: ngx_module/ctl/%.c $(B)/flags
	$(call cc,$(CFLAGS_CTL))

# Who workers are where nginx.conf does not say.
$(B)/obj/ngx_module/ctl/check/check_files.o: | $(NGX_OBJS)/ngx_auto_config.h
$(B)/obj/ngx_module/ctl/check/check_files.o: private CTL_DEFS += \
    -DPUPIL_NGINX_USER=$(call nginx_own,NGX_USER) \
    -DPUPIL_NGINX_GROUP=$(call nginx_own,NGX_GROUP)

$(HTTP_OBJ) $(TPG_OBJ): $(B)/obj/%.o: %.c $(B)/flags | $(NGX_OBJS)/ngx_auto_config.h
	$(call cc,$(CFLAGS_HTTP))

$(B)/obj/plugins/%.o: plugins/%.c $(B)/flags
	$(call cc,$(CFLAGS_PLUGIN))

$(B)/obj/t/plugins/%.o: t/plugins/%.c $(B)/flags
	$(call cc,$(filter-out -Wmissing-prototypes,$(CFLAGS_PLUGIN)))

$(B)/obj/t/unit/%.o: t/unit/%.c $(B)/flags
	$(call cc,$(CFLAGS_TEST))

# ar appends: a source that is gone must not stay in the library.
$(CORE_LIB): $(CORE_OBJ)
	@mkdir -p $(@D) && echo "  AR    $@" && rm -f $@ && $(AR) rcs $@ $^

$(B)/libpupil_ctl.a: $(CTL_OBJ)
	@mkdir -p $(@D) && echo "  AR    $@" && rm -f $@ && $(AR) rcs $@ $^

# The table of a shared object with one module, whose name is the file's.
$(B)/modules/%.c: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '#include <ngx_config.h>' '#include <ngx_core.h>' \
	    'extern ngx_module_t  $*;' \
	    'ngx_module_t *ngx_modules[] = { &$*, NULL };' \
	    'char *ngx_module_names[] = { "$*", NULL };' \
	    'char *ngx_module_order[] = { NULL };' >$@

$(B)/modules/%.o: $(B)/modules/%.c $(B)/flags \
    | $(NGX_OBJS)/ngx_auto_config.h
	$(call cc,$(CFLAGS_HTTP))

$(B)/module.map: Makefile
	@mkdir -p $(@D)
	@echo '{ global: ngx_modules; ngx_module_names; ngx_module_order;' \
	    'local: *; };' >$@

$(B)/plugin.map: Makefile
	@mkdir -p $(@D)
	@echo '{ global: pupil_plugin; local: *; };' >$@

$(B)/ngx_http_pupil_module.so: $(HTTP_OBJ) \
    $(B)/modules/ngx_http_pupil_module.o $(CORE_LIB) $(B)/module.map
	$(call link,-shared -o $@ $(filter %.o,$^) $(CORE_LIB) \
	    $(SCRIPT)$(B)/module.map $(LDFLAGS_ALL) $(LIBS_HTTP))

# With ngx_libpq and nothing else of ours: it stands alone.
$(TPG): $(PG_OBJ) $(TPG_OBJ) $(B)/modules/ngx_http_libpq_test_module.o \
    $(B)/module.map
	$(call link,-shared -o $@ $(filter %.o,$^) \
	    $(SCRIPT)$(B)/module.map $(LDFLAGS_ALL) $(LIBS_PG))

$(B)/pupilctl: $(CTL_OBJ) $(CORE_LIB)
	$(call link,-o $@ $^ $(LDFLAGS_ALL) $(LIBS_CTL))

define plugin_rule
$(B)/plugins/pupil_$1.so: $(patsubst %.c,$(B)/obj/%.o,$(wildcard plugins/$1/*.c)) \
    $(B)/plugin.map
	$$(call link,-shared -o $$@ $$(filter %.o,$$^) \
	    $$(SCRIPT)$(B)/plugin.map $$(LDFLAGS_ALL))
endef
$(foreach c,$(CATEGORIES),$(eval $(call plugin_rule,$c)))

$(B)/t/plugins/%.so: $(B)/obj/t/plugins/%.o
	$(call link,-shared -o $@ $^ $(LDFLAGS_ALL))

$(B)/unit/%: $(B)/obj/t/unit/%.o $(B)/libpupil_ctl.a $(CORE_LIB)
	$(call link,-o $@ $^ $(LDFLAGS_ALL) $(LIBS_CTL))

$(B)/plugin_info: t/lib/plugin_info.c include/pupil_plugin.h $(B)/flags
	$(call link,$(CFLAGS_PLUGIN) -o $@ $< $(LDFLAGS_ALL) -ldl)

$(B)/plugin_load $(B)/keytool $(B)/search: $(B)/%: t/lib/%.c $(CORE_LIB) $(B)/flags
	$(call link,$(CFLAGS_CORE) -D_GNU_SOURCE= -o $@ $< $(CORE_LIB) $(LDFLAGS_ALL) \
	    $(LIBS_CORE))

# Loaded before the C library by programs that may have no sanitizer.
$(B)/clock.so: t/lib/clock.c $(B)/flags
	$(call link,-std=gnu11 -O2 -fPIC -shared $(WARN_OURS) -o $@ $<)

$(B)/hashes.so: t/lib/hashes.c $(B)/flags
	$(call link,-std=gnu11 -O2 -fPIC -shared $(WARN_OURS) -o $@ $<)

$(B)/ends.so: t/lib/ends.c $(B)/flags
	$(call link,-std=gnu11 -O2 -fPIC -shared $(WARN_OURS) -D_GNU_SOURCE= -o $@ $<)

-include $(shell find $(B)/obj $(B)/plugin_info.d -name '*.d' 2>/dev/null)


## deps: install from Debian what building and testing need
deps:
	@t/lib/deps.sh test

## deps-lint: and what linting, fuzzing, coverage and benchmarks need
deps-lint:
	@t/lib/deps.sh lint

## test: run the whole suite against a real nginx and a real PostgreSQL (T=t/x.t: one file)
test:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory tests
	@PUPIL_AGAIN=1 $(call prove,$(T))

prove = PUPIL_BUILD=$(abspath $(B)) t/lib/prove.sh $(J) $1

## test-campaigns: what takes volume or time, and each point of what `make test` samples
test-campaigns:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory tests
	@PUPIL_CAMPAIGN=1 $(MAKE) --no-print-directory test-run \
	    T="$(if $(filter file,$(origin T)),$(T_CAMPAIGNS),$(T))"

T_CAMPAIGNS = $(wildcard t/campaigns/*.t) $(shell grep -l \
              '^use Pupil::Campaign' t/*.t t/roster/*.t)

## test-asan: the suite with nginx, module, plugins and pupilctl under ASan and UBSan
test-asan:
	@$(MAKE) --no-print-directory deps-lint
	@t/lib/nginx_source.sh asan build/asan-nginx
	@$(MAKE) --no-print-directory tests B=build/asan SAN=1 CFLAGS="-O1 -g" \
	    NGX_SRC=$(abspath build/asan-nginx/src) \
	    NGX_OBJS=$(abspath build/asan-nginx/src/objs)
	@PUPIL_SANITIZE=1 PUPIL_NGINX=$(abspath build/asan-nginx/src/objs/nginx) \
	    $(MAKE) --no-print-directory test-run B=build/asan

## test-static: the module linked into nginx with --add-module, and a part of the suite
test-static:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory tests
	@t/lib/nginx_source.sh static build/static-nginx
	@PUPIL_STATIC=1 PUPIL_NGINX=$(abspath build/static-nginx/src/objs/nginx) \
	    $(MAKE) --no-print-directory test-run \
	    T="$(if $(filter file,$(origin T)),$(T_STATIC),$(T))"

T_STATIC = $(patsubst %,t/%.t,harness login session homework progress data)

## test-timing: whether the time of a failing log-in tells which accounts there are
test-timing:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory all
	@t/bench/timing

## coverage: line coverage of core, plugins and http by the suite
coverage:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory tests B=build/cov COV=1 CFLAGS="-O0 -g"
	@find build/cov -name '*.gcda' -delete
	-@umask 0; PUPIL_NGINX_USER=$$(id -un) \
	    $(MAKE) --no-print-directory test-run B=build/cov
	@t/lib/coverage.sh build/cov

test-run:
	@$(call prove,$(T))

## bench: measure the hot paths
bench:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory all
	@t/bench/run

## bench-fair: what a tenant's neighbours notice of its locks and bursts
bench-fair:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory all
	@t/bench/fair

## bench-rush: who gets in while strangers guess, from one network and from eighty
bench-rush:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory tests
	@PUPIL_BUILD=$(abspath $(B)) perl -I t/lib t/bench/rush

## bench-storm: everybody logs in within a minute, by passwords and at a provider
bench-storm:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory all
	@t/bench/storm

## bench-growth: how cost grows with what is stored, and what a country needs
bench-growth:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory all
	@t/bench/growth

## bench-sealed: how fast the audit is sealed and verified, and what that costs (RECORDS)
bench-sealed:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory all
	@t/bench/sealed --records "$(RECORDS)"

RECORDS = 1000000

## bench-roster: a municipality's roster, its next year and the undo of that (USERS)
bench-roster:
	@$(MAKE) --no-print-directory deps-lint
	@$(MAKE) --no-print-directory all
	@t/bench/roster --users "$(USERS)"

USERS = 200000

## rollover: the next school year of OULAD's 32,593 enrolments as one plan, and its undo
rollover:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory tests
	@PUPIL_ROLLOVER=all $(MAKE) --no-print-directory test-run \
	    T=t/roster/rollover.t

## soak: faults at random under load for SOAK_SECONDS, every answer compared (SOAK_SEED)
soak:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory tests
	@PUPIL_BUILD=$(abspath $(B)) SOAK_SECONDS=$(SOAK_SECONDS) \
	    SOAK_SEED=$(SOAK_SEED) t/soak/run

## mutations: a sealed log mutated PUPIL_MUTATIONS and PUPIL_SUPERUSER times (PUPIL_SEED)
mutations:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory tests
	@PUPIL_MUTATIONS=$${PUPIL_MUTATIONS:-1000} \
	    PUPIL_SUPERUSER=$${PUPIL_SUPERUSER:-300} \
	    $(call prove,t/i09-mutations.t t/i09-superuser.t)

## demo: a school on https://localhost:8443 (DEMO_PORT)
demo:
	@t/lib/deps.sh demo
	@$(MAKE) --no-print-directory all
	@docs/quickstart/demo.sh start

## demo-stop: end the demo
demo-stop:
	@docs/quickstart/demo.sh stop


# Style

C_FILES  = $(CORE_SRC) $(CTL_SRC) $(HTTP_SRC) $(wildcard plugins/*/*.c) \
           $(UNIT_SRC) $(FUZZ_SRC) $(TPLUG_SRC) $(TPG_SRC) \
           $(wildcard t/lib/*.c)
H_FILES  = $(wildcard include/*.h) $(call sources,ngx_module plugins t/unit \
           t/fuzz t/pg,h)
SH_FILES = .ci/run $(wildcard t/lib/*.sh t/bench/run t/bench/growth \
           docs/quickstart/*.sh debian/*.sh debian/*.p*inst debian/*.p*rm)

# Its output counts when it fails, be it of a finding or of a crash.
tidy = @echo clang-tidy; printf '%s\n' $1 | xargs -r -P$(J) -n4 sh -c \
    'out=$$(clang-tidy --quiet --warnings-as-errors=* "$$@" -- \
    -std=gnu11 $2 2>&1) || { echo "$$out"; exit 1; }' sh

# What cppcheck says of calls (uninitvar, ctu*) takes out parameters and sizeof
# for uses; clang-tidy and the sanitizers see those.

## lint: clang-format, clang-tidy, cppcheck, shellcheck and the wall; no warnings
lint: $(NGX_OBJS)/ngx_auto_config.h
	perl t/lib/format.pl --check $(C_FILES) $(H_FILES)
	$(call tidy,$(CORE_SRC) $(wildcard plugins/*/*.c),$(INC))
	$(call tidy,$(CTL_SRC),$(INC) $(PG_INC) $(XML_INC) -D_GNU_SOURCE= \
	    -DPUPIL_SQL_DIR=\"\" -DPUPIL_PLUGIN_DIR=\"\" \
	    -DPUPIL_NGINX_USER=\"\" -DPUPIL_NGINX_GROUP=\"\")
	$(call tidy,$(HTTP_SRC) $(TPG_SRC),$(INC) $(PG_INC) $(NGX_INC))
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	    --inline-suppr --error-exitcode=1 --suppress=missingInclude \
	    --suppress=uninitvar --suppress='ctu*' \
	    -j$(J) $(INC) $(CORE_SRC) $(CTL_SRC) $(HTTP_SRC) \
	    $(wildcard plugins/*/*.c)
	@if command -v shellcheck >/dev/null; then \
	    echo shellcheck $(SH_FILES); shellcheck $(SH_FILES); fi
	@$(MAKE) --no-print-directory tests
	@$(call prove,t/wall.t t/lint/format.t)

## format: lay out the C sources as `make lint` wants them
format:
	perl t/lib/format.pl $(C_FILES) $(H_FILES)

## promises: write into docs/promises.md which are kept, as its evidence says
promises:
	@perl t/lib/promises.pl


# Fuzzing

$(B)/fuzz/%: t/fuzz/%.c $(B)/libpupil_ctl.a $(CORE_LIB)
	$(call link,$(filter-out -fsanitize=fuzzer-no-link,$(CFLAGS_TEST)) \
	    -It/fuzz -fsanitize=fuzzer -o $@ $< $(B)/libpupil_ctl.a $(CORE_LIB) \
	    $(LDFLAGS_ALL) $(LIBS_CTL))

fuzzers: $(FUZZERS) $(PLUGINS)

## fuzz: run each fuzz target on its corpus for FUZZ_SECONDS
fuzz:
	@$(MAKE) --no-print-directory fuzzers B=build/fuzzing CC=clang SAN=1 \
	    CFLAGS="-O1 -g -fsanitize=fuzzer-no-link"
	@for f in $(FUZZ_SRC:t/fuzz/fuzz_%.c=%); do \
	    seed=t/fuzz/corpus/$$f; new=build/fuzzing/corpus/$$f; \
	    mkdir -p $$new; test -d $$seed || seed=; \
	    dict=t/fuzz/$$f.dict; \
	    echo "== $$f"; PUPIL_BUILD=$(abspath build/fuzzing) \
	    build/fuzzing/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) \
	    -timeout=10 -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0 \
	    $$(test -f $$dict && echo -dict=$$dict) \
	    -artifact_prefix=build/fuzzing/ $$new $$seed || exit 1; done


# Installation

LIB_DIR   = $(DESTDIR)$(PREFIX)/lib
SHARE_DIR = $(DESTDIR)$(PREFIX)/share
MODULE_DIR = $(LIB_DIR)/nginx/modules
PLUGIN_DIR = $(LIB_DIR)/pupil/plugins
PC_DIR     = $(SHARE_DIR)/pkgconfig
SQL_DIR    = $(SHARE_DIR)/pupil/sql
COMMON     = ngx_module/core/login/common-passwords.txt
INSTALLED  = $(filter-out example,$(CATEGORIES))
VERSION    = $(shell sed -n 's/^\#define PUPIL_VERSION *"\(.*\)".*/\1/p' \
             ngx_module/core/base/pupil.h)
abi        = $(shell sed -n 's/^\#define PUPIL_ABI_$1 *//p' \
             include/pupil_plugin.h)

## install: install below DESTDIR and PREFIX=/usr; plugins under versioned names
install: all
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(CTL)
	install -D -m 644 -t $(MODULE_DIR) $(MODULE)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include include/pupil_plugin.h
	@set -e; for c in $(INSTALLED); do \
	    v=$$($(B)/plugin_info version $(B)/plugins/pupil_$$c.so); \
	    echo "install pupil_$$c-$$v.so"; \
	    install -D -m 644 $(B)/plugins/pupil_$$c.so \
	        $(PLUGIN_DIR)/pupil_$$c-$$v.so; \
	    for f in plugins/$$c/*.sql; do test ! -f $$f \
	        || install -D -m 644 -t $(SQL_DIR)/plugins/$$c $$f; done; done
	install -D -m 644 -t $(SHARE_DIR)/pupil $(COMMON)
	install -D -m 644 -t $(SQL_DIR)/data $(wildcard sql/data/*.sql)
	install -D -m 644 -t $(SQL_DIR)/keystore $(wildcard sql/keystore/*.sql)
	$(if $(MAN),install -D -m 644 -t $(SHARE_DIR)/man/man1 $(MAN))
	@mkdir -p $(PC_DIR); printf '%s\n' 'prefix=$(PREFIX)' \
	    'includedir=$${prefix}/include' \
	    'plugindir=$${prefix}/lib/pupil/plugins' \
    'abi=$(call abi,MAJOR).$(call abi,MINOR)' '' \
	    'Name: pupil-plugin' \
	    'Description: ABI of plugins of the Pupil personal-data gateway' \
	    'Version: $(VERSION)' \
	    'Cflags: -I$${includedir}' >$(PC_DIR)/pupil-plugin.pc; \
	    chmod 644 $(PC_DIR)/pupil-plugin.pc

## uninstall: remove what install put there; plugins of others stay
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/pupilctl \
	    $(MODULE_DIR)/ngx_http_pupil_module.so \
	    $(DESTDIR)$(PREFIX)/include/pupil_plugin.h \
	    $(PC_DIR)/pupil-plugin.pc $(SHARE_DIR)/man/man1/pupilctl*.1 \
	    $(SHARE_DIR)/pupil/$(notdir $(COMMON))
	rm -f $(foreach c,$(INSTALLED),$(PLUGIN_DIR)/pupil_$c-[0-9]*.so)
	rm -f $(patsubst sql/%,$(SQL_DIR)/%,$(wildcard sql/*/*.sql)) \
	    $(patsubst plugins/%,$(SQL_DIR)/plugins/%,$(wildcard \
	        $(foreach c,$(INSTALLED),plugins/$c/*.sql)))
	-rmdir $(foreach c,$(INSTALLED),$(SQL_DIR)/plugins/$c) $(PLUGIN_DIR) \
	    $(SQL_DIR)/plugins $(SQL_DIR)/data $(SQL_DIR)/keystore $(SQL_DIR) \
	    $(LIB_DIR)/pupil $(SHARE_DIR)/pupil 2>/dev/null

## deb: make the packages of Debian, into build/deb (DEB_VERSION)
deb:
	@t/lib/deps.sh deb
	@debian/make.sh $(B)/deb $(DEB_VERSION)

## test-deb: and try them in a bare Debian 12, which takes root
test-deb: deb
	@t/lib/deps.sh test-deb
	@$(call prove,t/deb/packages.t)

## clean: remove everything that was built
clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): /    make \1\t/p' Makefile | expand -t 24
