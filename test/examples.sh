#!/usr/bin/env bash
# Runs the tests of the examples that have packages of their own, against the packed build: `npm run test:examples`, or the names of some
# examples as arguments. Each runs in a copy, so that nothing is left in docs/examples. Debian: as root it installs the servers of the
# examples, PostgreSQL and Redis, where they are missing.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export NEXT_TELEMETRY_DISABLED=1

missing=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
command -v redis-server >/dev/null || missing+=(redis-server)
if [ "${#missing[@]}" -gt 0 ]; then
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

npm pack --silent --ignore-scripts --pack-destination "$scratch" >/dev/null
if [ "$#" -eq 0 ]; then set -- $(cd docs/examples && ls -d */package.json | xargs -n 1 dirname); fi
for name in "$@"; do
  start=$SECONDS
  printf '%s\n' "--- docs/examples/$name"
  mkdir "$scratch/$name"
  tar -C "docs/examples/$name" --exclude node_modules -cf - . | tar -C "$scratch/$name" -xf -
  cd "$scratch/$name"
  npm pkg set "dependencies.sealpost=file:$(echo "$scratch"/sealpost-*.tgz)"
  npm install --silent --no-package-lock --no-audit --no-fund
  npm run build --if-present --silent
  case $name in
    express | fastify | nestjs | nextjs)
      cp "$root/test/examples/contact.test.mjs" .
      node --test --test-reporter=spec contact.test.mjs
      ;;
    *) npm test --silent ;;
  esac
  cd "$root"
  printf '%s\n' "--- docs/examples/$name passed in $((SECONDS - start)) s"
done
