#!/usr/bin/env bash
# Makes the JSON Schema of the profile, and compares the results of a validator from npm with those of parseProfile.
set -eu
cd "$(dirname "$0")/../.."
npm ci --silent --prefix test/schema
npx --no-install vitest run --config test/schema/vitest.config.ts "$@"
