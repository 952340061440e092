#!/usr/bin/env bash
# Writes src/wire/gen from proto/ with buf and ts-proto, both from node_modules and offline: the stubs, and the
# descriptors that reflection answers from.
# Usage: npm run generate           write the stubs
#        npm run generate:check     fail, with the difference, if the committed stubs are not what proto/ gives
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

# Usage: descriptors FOLDER
# One FileDescriptorSet behind another is one of both. The option for other teams' services stays out: no message here
# ever has it, and it imports all that describes descriptors.
descriptors() {
  local build=(buf build --exclude-source-info --output '-#format=binpb') encoded
  encoded=$({
    "${build[@]}" proto --exclude-path proto/countersign/v1/require.proto &&
      "${build[@]}" node_modules/grpc-health-check/proto
  } | base64 | tr -d '\n')
  {
    echo "// The descriptors of proto/ and of the health service, a FileDescriptorSet in base64. DO NOT EDIT."
    echo "export const FILE_DESCRIPTOR_SET = '$encoded';"
  } >"$1/file-descriptor-set.ts"
}

if [ "${1:-}" = "--check" ]; then
  fresh=$(mktemp -d)
  trap 'rm -rf "$fresh"' EXIT
  (cd proto && buf generate --output "$fresh/proto-out")
  # buf.gen.yaml writes to ../src/wire/gen, relative to the output folder.
  descriptors "$fresh/src/wire/gen"
  diff -r "$fresh/src/wire/gen" src/wire/gen && echo "generated code is up to date"
else
  rm -rf src/wire/gen
  (cd proto && buf generate --output .)
  descriptors src/wire/gen
fi
