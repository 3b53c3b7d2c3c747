# Settings shared by install.sh, up.sh and down.sh; each can be given in the environment (README.md lists them).
# shellcheck shell=bash disable=SC2034
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${STATE:=${XDG_CACHE_HOME:-$HOME/.cache}/groundwork-senlin}"
pins=$(cat "$here/requirements.txt" "$here/constraints.txt" | sha256sum | cut -c1-12)
: "${SENLIN_VENV:=$STATE/venv-$pins}"   # other pins are another venv
: "${KEYSTONE_PORT:=15000}"
: "${SENLIN_PORT:=18777}"
: "${KEYSTONE_TLS_PORT:=$((KEYSTONE_PORT + 500))}"
: "${SENLIN_TLS_PORT:=$((SENLIN_PORT + 500))}"
: "${RUN:=$STATE/run-$SENLIN_PORT}"     # the port names the instance, so that two do not share anything
: "${REGION:=RegionOne}"
: "${ADMIN_PASSWORD:=adminpw}"
: "${DEMO_PASSWORD:=demopw}"
: "${SENLIN_PASSWORD:=senlinpw}"
: "${TLS:=1}"
: "${CLOUD_BACKEND:=openstack_test}"
: "${NAME_UNIQUE:=false}"
: "${SENLIN_PARTS:=conductor,engine,health}"
: "${TOKEN_EXPIRATION:=86400}"
: "${RPC_TIMEOUT:=30}"
: "${MAX_MICROVERSION:=}"
: "${MAX_CLUSTERS:=100}"
: "${PARENT_INTERVAL:=0.5}"
bin="$SENLIN_VENV/bin"
KEYSTONE_URL="http://127.0.0.1:$KEYSTONE_PORT/v3"
PLAIN_SENLIN_URL="http://127.0.0.1:$SENLIN_PORT"
OS_AUTH_URL=$KEYSTONE_URL SENLIN_URL=$PLAIN_SENLIN_URL OS_CACERT=
if [ "$TLS" = 1 ]; then
  OS_AUTH_URL="https://127.0.0.1:$KEYSTONE_TLS_PORT/v3"
  SENLIN_URL="https://127.0.0.1:$SENLIN_TLS_PORT"
  OS_CACERT="$RUN/ca.pem"
fi
export KEYSTONE_URL REGION ADMIN_PASSWORD DEMO_PASSWORD SENLIN_PASSWORD SENLIN_PARTS MAX_MICROVERSION PARENT_INTERVAL OS_AUTH_URL SENLIN_URL OS_CACERT
# loopback is never asked through a proxy
export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}" NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"

# A pid file holds the pid and the moment the process started, so that a number used anew is never taken for ours.
started_at() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() { # pid file
  local pid at
  [ -f "$1" ] && read -r pid at <"$1" && [ -n "$at" ] && [ "$(started_at "$pid")" = "$at" ]
}
spawn() { # name command...
  local name=$1 pid; shift
  setsid "$@" >>"$RUN/log/$name.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid $(started_at "$pid")" >"$RUN/pids/$name"
}
start_senlin() { # it finds Keystone through the catalog, so with TLS it must trust the CA too
  REQUESTS_CA_BUNDLE=$OS_CACERT CONDUCTOR_STATE=$RUN/conductor SERVER_ORDERS=$RUN/servers.json spawn senlin \
    "$bin/python" "$here/senlin_aio.py" --config-file "$RUN/etc/senlin.conf"
}
stop() { # name...: ask all of them, then wait for each
  local name pid
  for name in "$@"; do
    if alive "$RUN/pids/$name"; then read -r pid _ <"$RUN/pids/$name"; kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for name in "$@"; do
    for _ in $(seq 80); do alive "$RUN/pids/$name" || break; sleep 0.1; done
    if alive "$RUN/pids/$name"; then read -r pid _ <"$RUN/pids/$name"; kill -KILL "$pid" 2>/dev/null || true; fi
    rm -f "$RUN/pids/$name"
  done
}
wait_for() { # seconds name command...: until the command succeeds; fails at once when the process of that name dies
  local end=$((SECONDS + $1)) name=$2; shift 2
  until "$@"; do
    alive "$RUN/pids/$name" || { echo "$name died; the end of $RUN/log/$name.log:" >&2; tail -n 15 "$RUN/log/$name.log" >&2; return 1; }
    [ $SECONDS -lt $end ] || { echo "$name is not ready in time; see $RUN/log/$name.log" >&2; return 1; }
    sleep 0.1
  done
}
# any HTTP status line is an answer; bash alone, so that curl is not needed
answers() { # port path
  local line
  { exec 9<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$2" "$1" >&9
  IFS= read -r -t 5 line <&9; exec 9>&-
  [[ $line == HTTP/1.*' '[23]* ]]
}
port_taken() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
