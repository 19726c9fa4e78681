#!/usr/bin/env bash
# Runs the tests of the examples that have packages of their own, against the build in dist. Debian: as root it installs PostgreSQL, whose
# server one of them starts, where it is missing.
set -eu
cd "$(dirname "$0")/../docs/examples"
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql
fi
for package in */package.json; do
  name=${package%/package.json}
  printf '%s\n' "--- docs/examples/$name"
  (cd "$name" && npm install --silent --no-package-lock --no-audit --no-fund && npm test --silent)
done
