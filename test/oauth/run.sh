#!/usr/bin/env bash
# Runs the tests of this folder. If Chromium is missing, it is installed (Debian, as root); the packages of package.json
# come from npm. If the test bed is not up, its mail servers and proxies are started for the run. After the tests,
# the logs are searched for secrets.
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
# The check of the logs expects the entries of all tests, so it is skipped if arguments select some.
[ $# -gt 0 ] || node test/interop/check-logs.mjs "$state/testbed.json"
