#!/usr/bin/env bash
# Copyright (C) the Pupil authors
#
# The quick start: a private PostgreSQL and nginx with Pupil, two real rosters
# imported, homework given.  `make demo` and `make demo-stop` call it.  Works
# as root, where PostgreSQL runs as user postgres, and as a plain user.
#
# Everything lies in build/demo (DEMO_DIR), or, when user postgres cannot reach
# that folder, in a folder under /var/tmp that build/demo/run names.

set -euo pipefail
umask 077

# What an operator has set for a Pupil or a PostgreSQL of his own must not make
# the demo write there.
for name in $(compgen -e); do
    case $name in
        PUPIL_BUILD|PUPIL_NGINX) ;;
        PUPIL_*|PG*) unset "$name" ;;
    esac
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${PUPIL_BUILD:-$top/build}
demo=${DEMO_DIR:-$build/demo}
port=${DEMO_PORT:-8443}
pgbin=$(pg_config --bindir)
ctl=$build/pupilctl
common=$top/ngx_module/core/login/common-passwords.txt

say() { printf '%s\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# Runs a command as the user that owns PostgreSQL.
as_pg() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

secret() { openssl rand -hex 16; }

free_port() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
        LocalAddr => "127.0.0.1")->sockport'
}


stop() {
    local run

    [ -f "$demo/run" ] || return 0
    run=$(cat "$demo/run")

    if [ -f "$run/nginx.pid" ]; then
        nginx_end "$(cat "$run/nginx.pid")"
    fi

    if [ -f "$run/pg/postmaster.pid" ]; then
        as_pg "$pgbin/pg_ctl" -D "$run/pg" -m fast -w stop >/dev/null || true
    fi

    case $run in
        /var/tmp/pupil-demo.*|"$demo"/state) rm -rf -- "$run" ;;
    esac
    rm -f "$demo/run" "$demo/demo.env"
}

nginx_end() {
    local pid=$1 _

    kill -QUIT "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -TERM "$pid" 2>/dev/null || true
}


make_run() {
    mkdir -p "$demo"
    chmod 755 "$demo"
    run=$demo/state
    mkdir -p "$run"
    chmod 755 "$run"

    if ! as_pg test -x "$run"; then
        rmdir "$run"
        run=$(mktemp -d /var/tmp/pupil-demo.XXXXXX)
        chmod 755 "$run"
    fi

    echo "$run" >"$demo/run"
    install -d -m 755 "$run/log" "$run/tmp" "$run/web"
    install -d -m 700 "$run/pg"
    cp "$here"/web/* "$run/web/"
    chmod -R a+rX "$run/web"
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$run/pg"
    fi
}

start_postgres() {
    local pw=$1 file

    file=$run/pg.pw
    printf '%s\n' "$pw" >"$file"
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$file"
    fi

    as_pg "$pgbin/initdb" -D "$run/pg" -U postgres -A scram-sha-256 \
        --pwfile="$file" -E UTF8 --locale=C.UTF-8 >/dev/null
    rm -f "$file"

    pgport=$(free_port)
    as_pg "$pgbin/pg_ctl" -D "$run/pg" -l "$run/pg/log" -w \
        -o "-p $pgport -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories=''" start >/dev/null \
        || die "PostgreSQL did not start: see $run/pg/log"
}

# The gateway's password, as pupilctl init wrote it.
role_password() {
    awk -F: -v role="$1" '$4 == role { print $5; exit }' "$run/passfile"
}

write_config() {
    local user=''

    if [ "$(id -u)" = 0 ]; then
        user='user www-data;'
    fi

    local base="host=127.0.0.1 port=$pgport"
    sed -e "s|@USER@|$user|" -e "s|@BUILD@|$build|" -e "s|@RUN@|$run|" \
        -e "s|@PORT@|$port|" -e "s|@TENANT@|$tenant|" \
        -e "s|@MIME@|/etc/nginx/mime.types|" \
        -e "s|@COMMON@|$common|" \
        -e "s|@DATABASE@|$base dbname=pupil user=pupil_gateway password=$(
            role_password pupil_gateway)|" \
        -e "s|@KEYSTORE@|$base dbname=pupil_keys user=pupil_keeper password=$(
            role_password pupil_keeper)|" \
        "$here/nginx.conf.in" >"$run/nginx.conf"

    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -days 30 -subj /CN=localhost \
        -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' \
        -keyout "$run/tls.key" -out "$run/tls.crt" 2>/dev/null
    chmod 644 "$run/tls.crt"
}

start_nginx() {
    "${PUPIL_NGINX:-/usr/sbin/nginx}" -p "$run" -c "$run/nginx.conf" \
        || die "nginx did not start: see $run/log/error.log"

    for _ in $(seq 100); do
        if curl -fsk -o /dev/null "$url/status/ready"; then
            return
        fi
        sleep 0.1
    done
    die "nginx is not ready: see $run/log/error.log"
}


pupilctl() {
    "$ctl" --config "$run/pupilctl.conf" --ticket quick-start "$@"
}

# Sets a password and writes the shell variables of one person.
person() {
    local name=$1 login=$2 password id

    # typed, as one that pupilctl makes is to be changed at the first log-in
    password=$(secret)
    pupilctl user password "$login" <<<"$password" >/dev/null
    id=$(pupilctl user show "$login" --json | jq -r .id)
    {
        printf '%s_ID=%q\n' "$name" "$id"
        printf '%s_LOGIN=%q\n' "$name" "$login"
        printf '%s_PASSWORD=%q\n' "$name" "$password"
    } >>"$demo/demo.env"
}

# Logs in and sets $cookie and $csrf.
log_in() {
    local body answer

    body=$(jq -n --arg i "$1" --arg p "$2" '{identifier: $i, password: $p}')
    cookie=$run/tmp/cookies
    answer=$(curl -fsSk -c "$cookie" -H 'Content-Type: application/json' \
        -d "$body" "$url/v1/login")
    csrf=$(jq -r .session.csrf_token <<<"$answer")
}

# Gives a class homework, over the API, as a teacher would.
homework() {
    local class=$1 title=$2 text=$3 days=$4

    jq -n --arg c "$class" --arg t "$title" --arg d "$text" \
        --arg due "$(date -u -d "+$days days" +%Y-%m-%dT15:00:00Z)" \
        '{class_id: $c, title: $t, description: $d, due_at: $due,
          exercises: [{title: "First exercise", max_score: 10},
                      {title: "Second exercise", max_score: 5}]}' |
        curl -fsSk -o /dev/null -b "$cookie" -H "X-Pupil-CSRF: $csrf" \
            -H 'Content-Type: application/json' -d @- "$url/v1/homework"
}

give_homework() {
    local classes

    log_in "$TEACHER_LOGIN" "$TEACHER_PASSWORD"
    classes=$(curl -fsSk -b "$cookie" "$url/v1/data/enrolment" |
        jq -r '.records[] | select(.role == "teacher") | .class_id')

    for class in $classes; do
        homework "$class" "Chapter one" "Read it, then do both exercises." 7
        homework "$class" "Chapter two" "For those who want more." 14
    done
    rm -f "$cookie"
}


start() {
    local pw admin

    [ -x "$ctl" ] || die "build/pupilctl is missing: run make first"
    stop
    make_run
    url=https://localhost:$port
    pw=$(secret)

    say "Starting PostgreSQL ..."
    start_postgres "$pw"
    admin="host=127.0.0.1 port=$pgport user=postgres password=$pw"

    say "Making databases, keys and a controller ..."
    tenant=$("$ctl" init --database "$admin dbname=pupil" \
        --keystore "$admin dbname=pupil_keys" --same-cluster \
        --key "$run/kek" --passfile "$run/passfile" --sql "$top/sql" \
        --accepted "$run/accepted" \
        --plugins "$build/plugins" --tenant-name "Quick start" --json \
        2>"$demo/init.txt" | jq -r .tenant) \
        || die "$(cat "$demo/init.txt")"

    local operator="user=pupil_operator passfile=$run/passfile.operator"
    cat >"$run/pupilctl.conf" <<EOF
database = host=127.0.0.1 port=$pgport dbname=pupil $operator
keystore = host=127.0.0.1 port=$pgport dbname=pupil_keys $operator
key = $run/kek
accepted = $run/accepted
tenant = $tenant
plugins = $build/plugins
EOF
    cat >"$demo/demo.env" <<EOF
PUPIL_URL=$url
PUPIL_DB='$admin dbname=pupil'
PUPIL_KEYSTORE='$admin dbname=pupil_keys'
PUPIL_TENANT=$tenant
PUPIL_CONF=$run/nginx.conf
PUPILCTL_CONF=$run/pupilctl.conf
EOF

    say "Importing two rosters ..."
    pupilctl import sds "$here/data/sds-100-users" --dates open \
        >"$demo/import-sds.txt"
    pupilctl import oneroster "$here/data/oneroster-sds-2.1" --dates open \
        >"$demo/import-oneroster.txt"

    say "Setting passwords ..."
    person TEACHER CBeane
    person PUPIL1 OKlein
    person OTHER "$(other_pupil)"
    person ADMIN FFlowers
    # shellcheck source=/dev/null
    . "$demo/demo.env"

    say "Starting nginx ..."
    write_config
    "$ctl" check "$run/nginx.conf"
    start_nginx

    say "Giving homework ..."
    give_homework
    farewell
}

# A pupil of the other school: one of a section that the first pupil is not
# in.  The roster's own user name.
other_pupil() {
    awk -F, 'NR > 1 && $2 == 10002 { print $5; exit }' \
        "$here/data/sds-100-users/Student.csv"
}

farewell() {
    cat <<EOF

Pupil runs at $url  (self-made certificate)

    teacher       $TEACHER_LOGIN  $TEACHER_PASSWORD
    pupil         $PUPIL1_LOGIN  $PUPIL1_PASSWORD
    other pupil   $OTHER_LOGIN  $OTHER_PASSWORD
    school admin  $ADMIN_LOGIN  $ADMIN_PASSWORD

Open it in a browser, or try:

    . ${demo#"$top/"}/demo.env
    curl -sk -c jar -H 'Content-Type: application/json' -d "{\"identifier\":\"\$PUPIL1_LOGIN\",\"password\":\"\$PUPIL1_PASSWORD\"}" \$PUPIL_URL/v1/login
    curl -sk -b jar \$PUPIL_URL/v1/homework
    curl -sk -b jar \$PUPIL_URL/v1/data/enrolment
    curl -sk \$PUPIL_URL/status
    ${ctl#"$top/"} --config \$PUPILCTL_CONF audit list --subject \$PUPIL1_ID --ticket a-look

What the import took, and what it left: ${demo#"$top/"}/import-sds.txt
The end of it: make demo-stop
EOF
}


case ${1:-} in
    start) start ;;
    stop) stop ;;
    *) die "usage: demo.sh start|stop" ;;
esac
