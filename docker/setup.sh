#!/usr/bin/env bash
# Prepares a Debian 12+ or Ubuntu machine (or an image) for docsvc: `setup.sh run` or `setup.sh test`.
# Says each step in one line, skips what is there, and stops with the name of what can't be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}
say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# What the service itself runs on: the office and its UNO bridge, fonts for the per-glyph chain, Python.
packages=(libreoffice-writer-nogui python3-uno python3-venv fontconfig fonts-noto-cjk fonts-hanazono fonts-lxgw-wenkai ca-certificates)
# What only the tests need: outside judges and real servers.
[ "$purpose" = test ] && packages+=(poppler-utils qpdf openssl postgresql postgresql-contrib)

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

command -v apt-get >/dev/null || stop "this is no Debian or Ubuntu machine; install by hand: ${packages[*]}"
missing=()
for p in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "installing system packages: ${missing[*]}"
    apt_update
    for p in "${missing[@]}"; do
        [ -n "$(apt-cache madison "$p" 2>/dev/null)" ] || stop "package $p is not in this machine's package sources"
    done
    # A database server that the package would start is not wanted: the tests start their own.
    [ -d /etc/postgresql-common ] || as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${missing[@]}" >/dev/null ||
        stop "could not install: ${missing[*]}"
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

if ! command -v uv >/dev/null; then
    say "installing uv"
    as_root python3 -m venv /usr/local/lib/docsvc-uv
    as_root /usr/local/lib/docsvc-uv/bin/pip install -q --disable-pip-version-check uv || stop "uv can't be installed"
    as_root ln -sf /usr/local/lib/docsvc-uv/bin/uv /usr/local/bin/uv
fi

say "Python packages as in uv.lock"
uv sync -q --frozen || stop "the Python packages of uv.lock can't be installed"
