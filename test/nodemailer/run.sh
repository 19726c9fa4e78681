#!/usr/bin/env bash
# Installs nodemailer from npm, and runs the same programs with it and with sealpost/nodemailer.
set -eu
cd "$(dirname "$0")/../.."
npm ci --silent --prefix test/nodemailer
npx --no-install vitest run --config test/nodemailer/vitest.config.ts "$@"
