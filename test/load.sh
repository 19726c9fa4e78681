#!/usr/bin/env bash
# Runs `npm test` under conditions that make tests fail if they race a clock: `npm run test:load`. Arguments name some of
# the parts; without arguments all of them run.
#   busy   three times, beside eight processes that compute without a pause
#   core   once, on one processor
#   clock  once, while the time of the machine is set an hour ahead and back every four seconds (faketime)
# The last lines give the outcome of each run. Linux only. If faketime is missing, `clock` installs it (Debian, as root).
set -u
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null; rm -rf "$scratch"' EXIT
summary=() failed=0

run() { # run NAME COMMAND...
  local name=$1 start=$SECONDS outcome=passed
  shift
  "$@" || { outcome=FAILED; failed=1; }
  summary+=("$name: $outcome in $((SECONDS - start)) s")
}

busy() {
  for _ in 1 2 3 4 5 6 7 8; do
    node -e 'for (;;);' &
    started+=($!)
  done
  for round in 1 2 3; do run "beside eight busy processes, round $round" npm test -- --reporter=dot; done
  kill "${started[@]}"
  started=()
}

core() { run 'on one processor' taskset -c 0 npm test -- --reporter=dot; }

clock() {
  local library
  library=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1)
  if [ -z "$library" ]; then
    apt-get update -q && apt-get install -y -q --no-install-recommends faketime || { summary+=('faketime is missing'); failed=1; return; }
    library=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 | head -n 1)
  fi
  echo +0 >"$scratch/time"
  while :; do for time in +3600 +0 -3600 +0; do sleep 4; echo "$time" >"$scratch/time"; done; done &
  started+=($!)
  # The monotonic clock is not faked, because setting the time of a machine does not change it either.
  run 'while the time is set ahead and back' env LD_PRELOAD="$library" FAKETIME_TIMESTAMP_FILE="$scratch/time" FAKETIME_NO_CACHE=1 \
    DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 npm test -- --reporter=dot
  kill "${started[@]}"
  started=()
}

if [ "$#" -eq 0 ]; then set -- busy core clock; fi
for part in "$@"; do "$part"; done
printf '%s\n' "${summary[@]}"
exit "$failed"
