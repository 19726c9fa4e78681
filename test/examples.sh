#!/usr/bin/env bash
# Runs the tests of the examples that have a package.json, and of the settings page, against the packed build:
# `npm run test:examples`. Arguments name some of the examples; without arguments all of them run. Each runs in a copy,
# so that docs/examples stays clean. If PostgreSQL, Redis, curl or Chromium is missing, it is installed (Debian, as root).
set -eu
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export NEXT_TELEMETRY_DISABLED=1

missing=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v curl >/dev/null || missing+=(curl)
command -v "${CHROMIUM:-chromium}" >/dev/null || missing+=(chromium fonts-liberation)
if [ "${#missing[@]}" -gt 0 ]; then
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

npm pack --silent --ignore-scripts --pack-destination "$scratch" >/dev/null

# The settings page has no package.json: it runs from within the packed sealpost package. Its test uses Chromium.
settings_page() {
  tar -C "$scratch" -xzf "$scratch"/sealpost-*.tgz
  ln -s "$root/node_modules" "$scratch/package/node_modules"
  mkdir "$scratch/package/test"
  tar -C test --exclude node_modules -cf - settings-page | tar -C "$scratch/package/test" -xf -
  cd "$scratch/package/test/settings-page"
  npm install --silent --no-package-lock --no-audit --no-fund
  npm test --silent
  cd "$root"
}

if [ "$#" -eq 0 ]; then set -- $(cd docs/examples && ls -d */package.json | xargs -n 1 dirname) settings-page; fi
for name in "$@"; do
  start=$SECONDS
  printf '%s\n' "--- docs/examples/$name"
  if [ "$name" = settings-page ]; then
    settings_page
    printf '%s\n' "--- docs/examples/$name passed in $((SECONDS - start)) s"
    continue
  fi
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
