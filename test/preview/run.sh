#!/usr/bin/env bash
# Runs the tests of this folder. If Chromium is missing, it is installed (Debian, as root). If SCREENSHOTS names a
# folder, screenshots are saved there.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v chromium >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 chromium fonts-liberation
fi
npx --no-install vitest run --config test/preview/vitest.config.ts "$@"
