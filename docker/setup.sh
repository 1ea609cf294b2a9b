#!/usr/bin/env bash
# Prepares a Debian 12+ or Ubuntu machine for docsvc: `setup.sh run` or `setup.sh test`. The images take only the system
# packages of one process from here, `setup.sh image-web` or `setup.sh image-worker`: there is no second list.
# Says each step in one line, skips what is there, and stops with the name of what can't be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}
say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# What the service itself runs on: fonts for the per-glyph chain (intake asks them, too), the office and its UNO bridge,
# and on a machine Python's own tools to begin with.
packages=(fontconfig fonts-noto-cjk fonts-hanazono fonts-lxgw-wenkai ca-certificates)
[ "$purpose" = image-web ] || packages+=(libreoffice-writer-nogui python3-uno)
[[ $purpose = image-* ]] || packages+=(python3-venv)
# What only the tests need: outside judges, real servers and a browser.
[ "$purpose" = test ] && packages+=(poppler-utils qpdf openssl postgresql postgresql-contrib rabbitmq-server redis-server softhsm2 chromium maven default-jdk-headless libpdfbox2-java libbcprov-java libbcpkix-java libbcutil-java)
# What a test does without, and says so: Ubuntu has its browser elsewhere.
optional=" chromium libpdfbox2-java libbcpkix-java "

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else stop "root is needed for: $* (no sudo here; run it as root, then start again)"; fi
}

updated=
apt_update() {
    [ -n "$updated" ] && return
    as_root apt-get update -q >/dev/null || stop "apt-get update failed: check the machine's package sources"
    updated=yes
}

# A package that brings a server starts it, now and at each boot. The tests start their own: while packages are being
# installed every start is refused, and what is new is taken out of the boot again. Nothing of this stays.
policy=/usr/sbin/policy-rc.d
units=()
forbid_starts() {
    command -v systemctl >/dev/null && for pair in rabbitmq-server:rabbitmq-server erlang-base:epmd.socket redis-server:redis-server; do
        dpkg-query -W "${pair%:*}" >/dev/null 2>&1 || units+=("${pair#*:}")
    done
    # Not the file of a run that was cut off: that is ours already.
    if [ -e $policy ] && ! grep -qs 'docsvc setup' $policy; then as_root mv $policy $policy.docsvc; fi
    printf '#!/bin/sh\n# docsvc setup\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
}
allow_starts() {
    if [ -e $policy.docsvc ]; then as_root mv $policy.docsvc $policy; else as_root rm -f $policy; fi
    for unit in "${units[@]}"; do as_root systemctl disable --quiet "$unit" 2>/dev/null || true; done
}

command -v apt-get >/dev/null || stop "this is no Debian or Ubuntu machine; install by hand: ${packages[*]}"
missing=()
for p in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "installing system packages: ${missing[*]}"
    apt_update
    wanted=()
    for p in "${missing[@]}"; do
        if [ -n "$(apt-cache madison "$p" 2>/dev/null)" ]; then wanted+=("$p")
        elif [[ $optional = *" $p "* ]]; then say "no package $p here: tests that need it are skipped"
        else stop "package $p is not in this machine's package sources"; fi
    done
    # A database server that the package would start is not wanted: the tests start their own.
    [ -d /etc/postgresql-common ] || as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    trap allow_starts EXIT
    forbid_starts
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${wanted[@]}" >/dev/null ||
        stop "could not install: ${wanted[*]}"
    allow_starts
    trap - EXIT
else
    say "system packages are there"
fi

# 仿宋: FandolFang is the one free face with all of GB 2312. Debian ships it inside a large TeX package of which
# the one file is taken (GPL-3 with font exception; its licence text is put beside it).
fonts=/usr/local/share/fonts/docsvc
if [ ! -s $fonts/FandolFang-Regular.otf ]; then
    say "taking the 仿宋 font out of texlive-lang-chinese"
    apt_update
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && apt-get download -q texlive-lang-chinese >/dev/null 2>&1) || stop "package texlive-lang-chinese can't be downloaded"
    dpkg-deb -x "$work"/texlive-lang-chinese_*.deb "$work/x"
    as_root install -Dm644 "$work/x/usr/share/doc/texlive-doc/fonts/fandol/COPYING.gz" $fonts/FandolFang-COPYING.gz
    as_root install -Dm644 "$work/x/usr/share/texlive/texmf-dist/fonts/opentype/public/fandol/FandolFang-Regular.otf" $fonts/FandolFang-Regular.otf
    as_root fc-cache -f $fonts
else
    say "fonts are there"
fi

[[ $purpose != image-* ]] || exit 0

if ! command -v uv >/dev/null; then
    say "installing uv"
    as_root python3 -m venv /usr/local/lib/docsvc-uv
    as_root /usr/local/lib/docsvc-uv/bin/pip install -q --disable-pip-version-check uv || stop "uv can't be installed"
    as_root ln -sf /usr/local/lib/docsvc-uv/bin/uv /usr/local/bin/uv
fi

say "Python packages as in uv.lock"
uv sync -q --frozen || stop "the Python packages of uv.lock can't be installed"
