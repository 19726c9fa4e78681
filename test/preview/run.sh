#!/usr/bin/env bash
# Installs Chromium where it is missing (Debian, as root), and runs the tests of this folder. SCREENSHOTS names a folder
# for screenshots.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v chromium >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 chromium fonts-liberation
fi
npx --no-install vitest run --config test/preview/vitest.config.ts "$@"
