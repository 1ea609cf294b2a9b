#!/usr/bin/env bash
# Writes docker/.env out of .env.example, with a secret made up wherever the example has none. Replaces nothing.
set -euo pipefail
cd "$(dirname "$0")"

[ ! -e .env ] || { echo "new-env: docker/.env is there already; it is left as it is" >&2; exit 1; }
umask 077
while IFS= read -r line; do
    [[ $line =~ ^[A-Z0-9_]+=$ ]] && line+=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$line"
done <.env.example >.env
echo "new-env: wrote docker/.env; look it over before the first start"
