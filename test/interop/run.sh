#!/usr/bin/env bash
# Starts the test bed where it is not up, runs the interop tests against it, looks for secrets in what was logged, and
# stops the test bed again if it was started here.
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
# A part of the tests logs less than all.
[ $# -gt 0 ] || node test/interop/check-logs.mjs "$state/testbed.json"
