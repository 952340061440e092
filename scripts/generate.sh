#!/usr/bin/env bash
# Writes src/wire/gen from proto/ with buf and ts-proto, both from node_modules and offline.
# Usage: npm run generate           write the stubs
#        npm run generate:check     fail, with the difference, if the committed stubs are not what proto/ gives
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

if [ "${1:-}" = "--check" ]; then
  fresh=$(mktemp -d)
  trap 'rm -rf "$fresh"' EXIT
  (cd proto && buf generate --output "$fresh/proto-out")
  # buf.gen.yaml writes to ../src/wire/gen, relative to the output folder.
  diff -r "$fresh/src/wire/gen" src/wire/gen && echo "generated code is up to date"
else
  rm -rf src/wire/gen
  (cd proto && buf generate --output .)
fi
