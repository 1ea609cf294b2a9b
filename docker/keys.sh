#!/usr/bin/env bash
# Development keys for a trial of compose.yaml, with a folder a process: each gets what it may hold, and no more.
# In production nothing of this is run: OPERATING.md names the files that you put there instead.
set -euo pipefail
registry=${1:-$(dirname "$0")/../templates/agencies.sample.json}
registry=$(realpath "$registry")
cd "${DOCSVC_CERTS_DIR:?the folder that the keys are handed out in}"

export DOCSVC_CERTS_DIR=$PWD/all
umask 077
docsvc pki init >/dev/null
docsvc agencies import "$registry" >/dev/null  # and seals for them

# Public certificates and the public keys of the log and of codes: all that is needed to check.
hand() { mkdir -p "$1" && cp -a "${@:2}" "$1/"; }
hand public all/authorities.json all/root.pem all/log.vkey all/scan.pub all/services
hand public/seals all/seals/*.pem
[ ! -d all/sm2 ] || hand public/sm2 all/sm2/root.pem  # with DOCSVC_SM2_PROFILE
hand log all/log.key all/log.vkey
# Worker and scheduler run the development authorities of a trial, so they hold those keys; not the log's.
for process in worker scheduler; do
    hand $process all/. && rm -f $process/log.key
done
rm -f scheduler/seals/*.p12 scheduler/platform.p12 scheduler/scan.key scheduler/sm2/root.key scheduler/sm2/seals/*.key worker/sm2/root.key
echo "keys: development keys in public/, worker/, scheduler/ and log/ of $PWD (no legal effect)"
