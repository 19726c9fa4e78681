#!/usr/bin/env bash
# Uses every feature of the packed package on Node, Bun and Deno, and compares the result with the table of
# docs/reference/runtimes.md: `npm run test:runtimes`. With WRITE=1 it updates that table.
set -eu
cd "$(dirname "$0")"
here=$PWD
npm install --silent --no-package-lock --no-audit --no-fund
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd ../.. && npm pack --silent --ignore-scripts --pack-destination "$scratch" >/dev/null)
cd "$scratch"
echo '{ "type": "module" }' >package.json
npm install --silent --no-audit --no-fund ./sealpost-*.tgz
cp "$here"/*.mjs .
export FIXTURES=$here/../fixtures/pki
bin=$here/node_modules
failed=0
try() { # try NAME COMMAND...
  local name=$1
  shift
  printf '%s\n' "--- $name"
  RESULT=$scratch/results/$name.json "$@" features.mjs >"$scratch/$name.txt" 2>&1 || failed=1
  grep -v '^ok ' "$scratch/$name.txt" || true
}
for version in 20 22 24 26; do try "Node $version" "$bin/node-$version/bin/node"; done
try Bun "$bin/.bin/bun"
try Deno "$bin/.bin/deno" run -A
printf '%s\n' '--- Deno with --allow-net alone'
"$bin/.bin/deno" run --allow-net --no-prompt plain.mjs || failed=1
node table.mjs "$scratch/results" "$here/../../docs/reference/runtimes.md" || failed=1
exit "$failed"
