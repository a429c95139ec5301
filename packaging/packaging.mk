# SPDX-License-Identifier: Apache-2.0
# Packages, and what `make install` puts beside the daemon.

UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
ZSHDIR      ?= $(PREFIX)/share/zsh/vendor-completions
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
SUITE       ?=# of Debian, to build the deb for in a clean tree: bookworm, trixie; empty: on this machine, for this machine

.PHONY: version deb rpm test-fresh test-system install-system completion

# The one place is the file VERSION; packages, image and manifests ask here.
version:
	@echo $(version)

# Made by asking the program, so they know its very flags.
completions := $(addprefix $(B)/completion/nodegauge.,bash zsh fish)
completion: $(completions)
$(completions): $(B)/completion/nodegauge.%: $(B)/nodegauge packaging/completion/generate
	@mkdir -p $(@D)
	$(quiet)packaging/completion/generate $* $< > $@

install: install-system
install-system: all completion
	install -D -m 644 packaging/man/nodegauge-collector.3 $(DESTDIR)$(PREFIX)/share/man/man3/nodegauge-collector.3
	install -D -m 644 $(B)/completion/nodegauge.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/nodegauge
	install -D -m 644 $(B)/completion/nodegauge.zsh $(DESTDIR)$(ZSHDIR)/_nodegauge
	install -D -m 644 $(B)/completion/nodegauge.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/nodegauge.fish
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/bin/|$(PREFIX)/bin/|' systemd/nodegauge.service > $(DESTDIR)$(UNITDIR)/nodegauge.service
	sed -f systemd/instance.sed $(DESTDIR)$(UNITDIR)/nodegauge.service > $(DESTDIR)$(UNITDIR)/nodegauge@.service
	install -m 644 systemd/nodegauge.socket $(DESTDIR)$(UNITDIR)/nodegauge.socket
	install -D -m 644 systemd/nodegauge.sysusers $(DESTDIR)$(SYSUSERSDIR)/nodegauge.conf
	install -D -m 644 systemd/nodegauge.tmpfiles $(DESTDIR)$(TMPFILESDIR)/nodegauge.conf

deb:
	@packaging/deb/build $(SUITE)

rpm:
	@packaging/rpm/build

# README's two commands on a minimal Debian, as root: SUITE=trixie or bookworm.
test-fresh:
	@tests/fresh/run $(or $(SUITE),bookworm)

# Boots Debian 13 and 12 in QEMU and checks the service there: minutes, as root, and by hand. SUITE= picks one.
test-system:
	@tests/system/all $(SUITE)
