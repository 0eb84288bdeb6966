# SPDX-License-Identifier: Apache-2.0
# What every interop program shares: packages, ports, processes that end with the program, and the
# table of what was found. Sourced by bash; `stage` is a directory of the program's own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${UNDERSTUDY_BIN:-$here/../../build/release/bin}
stage=$(mktemp -d "${TMPDIR:-/tmp}/understudy-interop.XXXXXX")
declare -A pids=()
rows=()
failed=0

say() { printf '==> %s\n' "$*"; }
die() { printf 'interop: %s\n' "$*" >&2; exit 1; }

finish() {
  local status=$? pid
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ -n "${KEEP_STAGE:-}" ]; then say "logs are in $stage"; else rm -rf "$stage"; fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# need PACKAGE...: installs what is missing, as root; else says what to install.
need() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" -eq 0 ] || die "missing packages; as root: apt-get install -y ${missing[*]}"
  say "installing ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# need_program NAME PACKAGE: for programs that may come from elsewhere than Debian.
need_program() { command -v "$1" >/dev/null || need "$2"; }

need_built() {
  local program
  for program in "$@"; do
    [ -x "$bin/$program" ] ||
      die "$bin/$program is not there; build it, or name the directory in UNDERSTUDY_BIN"
  done
}

# A port that nobody listens on, different at each call.
declare -A handed_out=()
free_port() {
  port=$((15000 + RANDOM % 17000))
  while [ -n "${handed_out[$port]:-}" ] || (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    port=$((15000 + RANDOM % 17000))
  done
  handed_out[$port]=1
}

# start NAME COMMAND...: in the background, its output in $stage/NAME.log.
start() {
  local name=$1
  shift
  "$@" >"$stage/$name.log" 2>&1 &
  pids[$name]=$!
}

stop_hard() { kill -9 "${pids[$1]}"; wait "${pids[$1]}" 2>/dev/null || true; unset "pids[$1]"; }

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
wait_for_port() { wait_for "${2:-30}" is_open "$1" || { tail -n 20 "$stage"/*.log >&2; die "nobody listens on $1"; }; }

make_key() { (umask 077 && printf '%s %s\n' "$1" "$(openssl rand -hex 32)" >"$stage/cluster.key"); }
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$stage/tls.key" -out "$stage/tls.crt" 2>/dev/null
}

# check WHAT COMMAND...: one row of the table. The command is a shell function or a program.
check() {
  local what=$1
  shift
  if "$@" >"$stage/check.out" 2>&1; then
    rows+=("pass  $what")
  else
    rows+=("FAIL  $what")
    failed=1
    printf -- '--- %s\n' "$what" >&2
    tail -n 15 "$stage/check.out" >&2
  fi
  printf '%s\n' "${rows[-1]}"
}

summary() {
  printf '\n%s: %s of %s pass\n' "$1" "$(printf '%s\n' "${rows[@]}" | grep -c '^pass')" "${#rows[@]}"
  exit "$failed"
}
