#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Which Debian packages a verb of ./dev needs, and how they get here. Sourced by ./dev.
# shellcheck shell=bash

# package | who needs it (build < unit < check; build < bench; build < package) | a program that shows it is there, or - | what for
#
# A word after the need is the one architecture that has the package; elsewhere we do without.
# With a program named, any program of that name will do, however it came here. Recommended
# packages are left out, which is why libc6-dev and ca-certificates stand here.
PACKAGES='
gcc                     | build | gcc          | C compiler
libc6-dev               | build | -            | C library headers
cmake                   | build | cmake        | build description
ninja-build             | build | ninja        | build runner
pkg-config              | build | pkg-config   | finds the libraries
libssl-dev              | build | -            | OpenSSL 3: the cryptography
libsodium-dev           | build | -            | libsodium: short messages and key agreement
libipsec-mb-dev         | build amd64 | -      | libipsec-mb: AES with AVX2
nettle-dev              | build | -            | Nettle: single blocks of AES
libsqlite3-dev          | build | -            | SQLite: the store
libjson-c-dev           | build | -            | JSON
libmicrohttpd-dev       | build | -            | HTTP server
libgnutls28-dev         | build | -            | TLS of the HTTP server
libcurl4-openssl-dev    | build | -            | HTTP client of the nodes
libqrencode-dev         | build | -            | QR codes of invitations
libcmocka-dev           | unit  | -            | unit tests
libmbedtls-dev          | unit  | -            | the example of a crypto door
clang                   | check | clang        | second C compiler
libclang-rt-14-dev      | check | -            | its sanitizers
clang-format            | check | clang-format | format check
clang-tidy              | check | clang-tidy   | lint
universal-ctags         | check | ctags        | length of functions
shellcheck              | check | shellcheck   | lint of the scripts
nodejs                  | check | node         | second implementation of the protocol
npm                     | check | npm          | its one dependency
ca-certificates         | check | -            | npm over TLS
openssl                 | check | openssl      | certificates for the tests
curl                    | check | curl         | system tests
procps                  | check | ps           | system tests
iproute2                | check | ss           | system tests
valgrind                | check | valgrind     | constant time
binutils                | check | objdump      | constant time
spin                    | check | spin         | models
frama-c-base            | check | frama-c      | proofs
why3                    | check | why3         | proofs
z3                      | check | z3           | proofs
cvc4                    | check | cvc4         | proofs
util-linux              | check | taskset      | flood
chromium                | check | chromium     | tests of the console in a browser
fonts-dejavu-core       | check | -            | its letters, the same everywhere
nodejs                  | bench | node         | the driver
openssl                 | bench | openssl      | a certificate
util-linux              | bench | taskset      | one core for each
binutils                | bench | size         | the size of a device
sqlite3                 | bench | sqlite3      | rival: its shell
nginx-light             | bench | nginx        | rival
libnginx-mod-http-lua   | bench | -            | rival: nginx with Lua
lua-resty-core          | bench | -            | the same
lua-cjson               | bench | -            | the same
libnginx-mod-http-js    | bench | -            | rival: nginx with njs
haproxy                 | bench | haproxy      | rival
libjwt-dev              | bench | -            | rival
libh2o-evloop-dev       | bench | -            | rival
libcjose-dev            | bench | -            | rival
libjansson-dev          | bench | -            | what cjose is made of
debhelper               | package | dh | how a package is made
dpkg-dev                | package | dpkg-buildpackage | the same
debootstrap             | package | debootstrap | a Debian to try it in
systemd-container       | package | systemd-nspawn | boots it
'

# packages_of build|unit|check|bench|package: the rows of that need and of the needs below it, as
# "package program what for".
packages_of() {
    local wanted
    case $1 in
    build) wanted='build' ;;
    unit) wanted='build|unit' ;;
    bench) wanted='build|bench' ;;
    package) wanted='build|package' ;;
    *) wanted='build|unit|check' ;;
    esac
    awk -F'|' -v wanted="^($wanted)$" -v here="$(dpkg --print-architecture 2>/dev/null || true)" '
        NF == 4 { for (i = 1; i <= NF; i++) gsub(/^ +| +$/, "", $i)
                  split($2, need, " ")
                  if (need[1] ~ wanted && (need[2] == "" || need[2] == here)) print $1, $3, $4 }' <<<"$PACKAGES"
}

package_is_here() { # package program
    if [ "$2" != - ]; then
        command -v "$2" >/dev/null
    else
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
    fi
}

# The rows of packages_of that are missing here.
packages_missing() {
    local package program purpose
    packages_of "$1" | while read -r package program purpose; do
        package_is_here "$package" "$program" || echo "$package $program $purpose"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 "$@" </dev/null
}

install_failed() { # log packages...
    local log=$1
    shift
    tail -n 4 "$log" >&2
    echo "dev: the packages above could not be installed (see $log)." >&2
    echo "dev: is this machine offline, or without Debian's package lists? When it can reach them, run" >&2
    echo "dev:   apt-get update && apt-get install --no-install-recommends $*" >&2
    exit 1
}

# Servers among the rivals must not run as services because of a measurement: nobody asked for an
# open port. A policy that is there already stays as it is.
apt_install() { # packages...
    local policy=/usr/sbin/policy-rc.d services='' one made=no
    for one in "$@"; do
        case $one in nginx-light) services+=' nginx' ;; haproxy) services+=' haproxy' ;; esac
    done
    if [ -n "$services" ] && [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"
        made=yes
    fi
    local status=0
    apt_get install --no-install-recommends "$@" || status=$?
    if [ "$made" = yes ]; then as_root rm -f "$policy"; fi
    if [ -n "$services" ] && command -v systemctl >/dev/null; then
        # shellcheck disable=SC2086 # words
        as_root systemctl disable $services || true
    fi
    return "$status"
}

# need build|unit|check|bench|package: installs what is missing, and says so.
need() {
    local missing names log=build/install.log
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "dev: no apt-get here, so nothing is installed; docs/HACKING.md lists what is needed" >&2
        return 0
    fi
    missing=$(packages_missing "$1")
    [ -n "$missing" ] || return 0
    mapfile -t names <<<"$(cut -d' ' -f1 <<<"$missing")"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "dev: these packages are missing, and this is neither root nor is there sudo: ${names[*]}" >&2
        exit 1
    fi
    mkdir -p build
    echo "dev: installing ${#names[@]} Debian packages (log: $log):"
    while read -r package _ purpose; do
        printf '       %-22s %s\n' "$package" "$purpose"
    done <<<"$missing"
    apt_get update >"$log" 2>&1 || true # a list that cannot be fetched shows in the next line
    apt_install "${names[@]}" >>"$log" 2>&1 ||
        install_failed "$log" "${names[@]}"
}
