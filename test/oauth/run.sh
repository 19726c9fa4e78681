#!/usr/bin/env bash
# Installs what the tests in this folder need (Debian, as root: Chromium; npm: the packages of package.json), starts the
# mail server and the proxies of the test bed where they are not up, runs the tests, and looks for secrets in what was
# logged.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v chromium >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 chromium fonts-liberation
fi
npm ci --silent --prefix test/oauth
state=${TESTBED_STATE:-/tmp/testbed}
testbed=test/interop/testbed.sh
started=
services='postfix dovecot dante-open dante-auth squid'
stop() { [ -z "$started" ] || bash "$testbed" down; }
trap stop EXIT
if ! bash "$testbed" status >/dev/null 2>&1; then
  started=1
  bash "$testbed" up $services
fi
rm -f "$state/log/sealpost.log" "$state/log/secrets.jsonl"
TESTBED_STATE="$state" TESTBED_JSON="$state/testbed.json" npx --no-install vitest run --config test/oauth/vitest.config.ts "$@"
# A part of the tests logs less than all.
[ $# -gt 0 ] || node test/interop/check-logs.mjs "$state/testbed.json"
