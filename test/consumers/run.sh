#!/usr/bin/env bash
# Uses the packed package as different programs do: from CommonJS and modules, from TypeScript 5.4 to the newest under
# each kind of module resolution, in Jest and Vitest with Node, jsdom and happy-dom, and with polyfills of
# AbortController. It also runs the commands of README and guides; if jq is missing, it is installed (Debian, as root).
# Run it by `npm run test:consumers`.
set -u
cd "$(dirname "$0")"
here=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd ../.. && npm pack --silent --ignore-scripts --pack-destination "$scratch" >/dev/null) || exit 1
cd "$scratch" || exit 1
command -v jq >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends jq; } >/dev/null || exit 1
cp "$here"/*.{cjs,mjs,json} .
npm pkg set "dependencies.sealpost=file:$(echo sealpost-*.tgz)"
npm install --silent --no-package-lock --no-audit --no-fund || exit 1

passed=0 failed=0
try() { # try NAME WORDS COMMAND...: passes if the command succeeds and its output contains the words
  local name=$1 words=$2 output
  shift 2
  if output=$("$@" 2>&1) && [[ $output == *"$words"* ]]; then
    passed=$((passed + 1)); printf 'ok %s\n' "$name"
  else
    failed=$((failed + 1)); printf 'FAILED %s\n%s\n' "$name" "$output"
  fi
}
try 'the commands of README and guides' '# fail 0' node --test --test-reporter=tap guides.test.mjs
all='sent, refused, aborted, signed'
try 'CommonJS' "$all" node commonjs.cjs
try 'ESM' "$all" node module.mjs
try 'abort-controller instead of AbortController' "$all" node polyfill.cjs abort-controller/polyfill
try 'abortcontroller-polyfill instead of AbortController' "$all" \
  node polyfill.cjs abortcontroller-polyfill/dist/abortcontroller-polyfill-only
for environment in node jsdom @happy-dom/jest-environment; do
  try "Jest with $environment" '1 passed' npx --no-install jest --rootDir . --testMatch '**/jest.test.cjs' --env "$environment"
done
for environment in node jsdom happy-dom; do
  try "Vitest with $environment" '1 passed' npx --no-install vitest run --environment "$environment" vitest.test.mjs
  try "Vitest with $environment, the package inlined" '1 passed' \
    env INLINE=1 npx --no-install vitest run --environment "$environment" vitest.test.mjs
done

# compiled NAME VERSION FILE.ts OPTIONS: type-checks the program without skipLibCheck, compiles and runs it
compiled() {
  local name=$1 version=$2 file=$3 folder
  shift 3
  folder=$(mktemp -d "$scratch/ts-XXXX")
  cp "$here/program.txt" "$folder/$file"
  echo '{}' >"$folder/package.json"
  cat >"$folder/tsconfig.json" <<JSON
{ "compilerOptions": { "strict": true, "exactOptionalPropertyTypes": true, "types": ["node"], "target": "ES2022",
  "lib": ["ES2023", "ESNext.Disposable"], "rootDir": ".", "outDir": "out", $1 }, "files": ["$file"] }
JSON
  try "TypeScript $version, $name" '' node "$scratch/node_modules/typescript-$version/bin/tsc" -p "$folder"
  local output=$folder/out/${file/ts/js}
  try "TypeScript $version, $name, as compiled" 'bob@example.org' node "$output"
}
for version in 5.4 6.0 latest; do
  for resolution in node16 nodenext; do
    compiled "$resolution, module" $version program.mts "\"module\": \"$resolution\""
    compiled "$resolution, CommonJS" $version program.cts "\"module\": \"$resolution\""
  done
  compiled 'bundler' $version program.mts '"module": "esnext", "moduleResolution": "bundler"'
  case $version in
    5.4) compiled 'node10, CommonJS' $version program.ts '"module": "commonjs", "moduleResolution": "node10"' ;;
    6.0) compiled 'node10, CommonJS' $version program.ts '"module": "commonjs", "moduleResolution": "node10", "ignoreDeprecations": "6.0"' ;;
  esac
  compiled 'commonjs by default' $version program.ts '"module": "commonjs"'
done

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
