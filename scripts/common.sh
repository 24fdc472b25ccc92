# What the scripts share. Sourced; sets `root`, the repository, and goes there.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() {
  say "$@"
  exit 1
}
wrong_usage() {
  say "$@"
  exit 2
}

# The comment at the top of the script that asks, without its first line: every script's --help.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# Compiler jobs: one a core, but no more than memory has room for (a file that includes LibTorch takes about 2 GiB).
compile_jobs() {
  local cores room
  cores=$(nproc)
  room=$(awk '/^MemAvailable:/ { print int($2 / 2097152) }' /proc/meminfo)
  if ((room < 1)); then room=1; fi
  echo $((cores < room ? cores : room))
}

missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# Packages of the distribution, those that are not there yet: as root, or with sudo.
install_packages() {
  command -v dpkg-query >/dev/null || die "this is not an apt system; install by hand: $*"
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "as root, run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
}
