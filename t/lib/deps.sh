#!/bin/bash
# Copyright (C) the Pupil authors
#
# Installs the Debian packages that are needed, and asks the network for
# nothing when all of them are there:
#
#     deps.sh deb     to build packages
#     deps.sh test-deb    and to try them in a bare Debian
#     deps.sh demo    to build and to run the quick start
#     deps.sh test    and for the suite, a browser included
#     deps.sh lint    and for linting, fuzzing, coverage and benchmarks

set -euo pipefail
cd "$(dirname "$0")/../.."

build="gcc make binutils pkg-config libc6-dev nginx-dev libpq-dev
      libsodium-dev libcjose-dev liboath-dev libqrencode-dev
      libpcre2-dev libunistring-dev libjansson-dev libcsv-dev libzip-dev libgfshare-dev libcurl4-openssl-dev
      libxml2-dev libxmlsec1-dev libxmlsec1-openssl
      libssl-dev zlib1g-dev"
deb="$build debhelper dpkg-dev lintian"
demo="$build nginx
      postgresql-15 postgresql-client-15 openssl ca-certificates curl jq perl"
perl="libdbi-perl libdbd-pg-perl libio-socket-ssl-perl libjson-xs-perl"
test="$perl g++ strace gdb procps chromium nodejs age time python3-aiosmtpd
      librsvg2-bin zbar-tools logrotate"
lint="clang clang-format clang-tidy cppcheck shellcheck valgrind wrk lcov
      dpkg-dev patch xz-utils"

# nodejs of other origins brings npm along; Debian's does not.
command -v npm >/dev/null || test="$test npm"

case ${1:-} in
    deb) packages=$deb ;;
    test-deb) packages="$demo $deb $perl debootstrap" ;;
    demo) packages=$demo ;;
    test) packages="$demo $test" ;;
    lint) packages="$demo $test $lint" ;;
    *) echo "usage: deps.sh deb|test-deb|demo|test|lint" >&2; exit 2 ;;
esac

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null \
            || true)
    [ "$state" = installed ] || missing="$missing $package"
done

if [ -n "$missing" ]; then
    echo "installing:$missing"
    as_root apt-get update -qq </dev/null
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends $missing </dev/null >/dev/null
fi

case $1 in deb|test-deb|demo) exit 0 ;; esac

for folder in t/browser t/peers t/bench/node; do
    [ ! $folder/node_modules/.package-lock.json -nt \
        $folder/package-lock.json ] || continue
    PUPPETEER_SKIP_DOWNLOAD=1 PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 \
        npm ci --silent --no-audit --no-fund --ignore-scripts \
        --prefix $folder </dev/null \
        || { echo "npm ci failed in $folder" >&2; exit 1; }
    touch $folder/node_modules/.package-lock.json
done
