#!/usr/bin/env bash
# Runs the interop tests against the test bed, then searches the logs for secrets. If the test bed is not up, it is
# started for the run and stopped afterwards.
set -eu
cd "$(dirname "$0")/../.."
state=${TESTBED_STATE:-/tmp/testbed}
testbed=test/interop/testbed.sh
started=
if ! bash "$testbed" status >/dev/null 2>&1; then
  started=1
  bash "$testbed" up
fi
stop() { [ -z "$started" ] || bash "$testbed" down; }
trap stop EXIT
rm -f "$state/log/sealpost.log" "$state/log/secrets.jsonl"
TESTBED_JSON=$state/testbed.json npx --no-install vitest run --config test/interop/vitest.config.ts "$@"
# The check of the logs expects the entries of all tests, so it is skipped if arguments select some.
[ $# -gt 0 ] || node test/interop/check-logs.mjs "$state/testbed.json"
