# Finds a Node that is new enough and becomes the program whose launcher sources this file; $self is the real path of
# that launcher. GLIMPSE_COMMAND tells the program how it was called. The machine's own Node may be older: the package
# brings one with it as an optional dependency.
wanted=26
name=${self##*/}
home=$(dirname "$(dirname "$self")")

fits() {
  [ -x "$1" ] && version=$("$1" --version 2>/dev/null) && version=${version#v} &&
    [ "${version%%.*}" -ge "$wanted" ] 2>/dev/null
}

fail() {
  echo "$name: $1" >&2
  exit 1
}

# The package may lie beside ours (hoisted), so every parent is asked, as Node does for modules.
find_packaged() {
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) return 1 ;;
  esac
  folder=$home
  while :; do
    node=${folder%/}/node_modules/node-linux-$arch/bin/node
    fits "$node" && return 0
    [ -x "$node" ] && unfit=$node
    [ "$folder" = / ] && return 1
    folder=$(dirname "$folder")
  done
}

find_on_path() {
  node=$(command -v node) && fits "$node"
}

if [ -n "$GLIMPSE_NODE" ]; then
  node=$GLIMPSE_NODE
  fits "$node" || fail "GLIMPSE_NODE=$node is no Node of version $wanted or newer."
else
  unfit=
  if ! find_packaged && ! find_on_path; then
    [ -z "$unfit" ] || fail "$unfit does not run here: $("$unfit" --version 2>&1 | head -n 1)"
    fail "Node $wanted or newer is needed: run 'npm ci' in $home, or set GLIMPSE_NODE to a newer node."
  fi
fi

if [ -d "$home/src" ] || [ ! -d "$home/dist" ]; then
  program=$home/src/main/run.ts
else
  program=$home/dist/main/run.js
fi
GLIMPSE_COMMAND=$0 exec "$node" "$program" "$name" "$@"
