#!/usr/bin/env bash
# shellcheck disable=SC2154
# Start a real Keystone and a real Senlin on 127.0.0.1, with empty databases, and return when both have answered a
# real request. What a test needs is then in $RUN/ready.json. Already running with the same settings: nothing to do.
# usage: up.sh      (settings: README.md)
set -euo pipefail
. "$(dirname "$0")/common.sh"
settings="$pins $KEYSTONE_PORT $SENLIN_PORT $TLS $KEYSTONE_TLS_PORT $SENLIN_TLS_PORT $REGION $CLOUD_BACKEND"
settings+=" $NAME_UNIQUE $SENLIN_PARTS $TOKEN_EXPIRATION $RPC_TIMEOUT"
settings+=" ${RPC_THREADS:-} ${ACTION_TIMEOUT:-} ${HEALTH_INTERVAL_MIN:-} ${LOCK_RETRY_TIMES:-} ${LOCK_RETRY_INTERVAL:-} ${PERIODIC_INTERVAL:-}"
settings+=" $MAX_MICROVERSION $MAX_CLUSTERS $PARENT_INTERVAL"
parts=(keystone senlin); [ "$TLS" = 1 ] && parts+=(tls)

running=0
for part in "${parts[@]}"; do if alive "$RUN/pids/$part"; then running=$((running + 1)); fi; done
if [ "$running" = "${#parts[@]}" ] && [ -f "$RUN/ready.json" ] && [ "$(cat "$RUN/settings")" = "$settings" ]; then
  echo "already running: keystone $OS_AUTH_URL  senlin $SENLIN_URL  ($RUN/ready.json)"
  exit 0
fi
[ "$running" = 0 ] || { echo "running with other settings or half started: run down.sh first ($RUN)" >&2; exit 1; }
ports=("$KEYSTONE_PORT" "$SENLIN_PORT"); [ "$TLS" = 1 ] && ports+=("$KEYSTONE_TLS_PORT" "$SENLIN_TLS_PORT")
for port in "${ports[@]}"; do
  if port_taken "$port"; then echo "port $port is taken; choose others with KEYSTONE_PORT and SENLIN_PORT" >&2; exit 1; fi
done

"$here/install.sh"
rm -rf "$RUN"
mkdir -p "$RUN"/{etc/environments,db,log,pids,fernet,credential,lock}
chmod 700 "$RUN" "$RUN/fernet" "$RUN/credential"
on_exit() {
  local rc=$?
  [ "$rc" = 0 ] || { echo "up.sh failed ($rc); logs: $RUN/log" >&2; KEEP=1 "$here/down.sh" >&2; }
}
trap on_exit EXIT
lap() { printf '%-24s %3ds\n' "$1" "$SECONDS"; }

cat >"$RUN/etc/keystone.conf" <<C
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///$RUN/db/keystone.sqlite
sqlite_synchronous = false
[token]
provider = fernet
expiration = $TOKEN_EXPIRATION
[fernet_tokens]
key_repository = $RUN/fernet
[credential]
key_repository = $RUN/credential
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = oslo_cache.dict
[oslo_middleware]
enable_proxy_headers_parsing = true
C
cat >"$RUN/etc/senlin.conf" <<C
[DEFAULT]
host = senlin-test
debug = ${SENLIN_DEBUG:-false}
use_stderr = true
transport_url = fake://
cloud_backend = $CLOUD_BACKEND
name_unique = $NAME_UNIQUE
default_region_name = $REGION
environment_dir = $RUN/etc/environments
rpc_response_timeout = $RPC_TIMEOUT
# One call at a time: green threads share the process, so one that waits for the lock of sqlite would stop the one that
# holds it, until the wait ends in "database is locked".
executor_thread_pool_size = ${RPC_THREADS:-1}
default_action_timeout = ${ACTION_TIMEOUT:-3600}
health_check_interval_min = ${HEALTH_INTERVAL_MIN:-60}
lock_retry_times = ${LOCK_RETRY_TIMES:-3}
lock_retry_interval = ${LOCK_RETRY_INTERVAL:-10}
periodic_interval = ${PERIODIC_INTERVAL:-60}
max_clusters_per_project = $MAX_CLUSTERS
[database]
connection = sqlite:///$RUN/db/senlin.sqlite
sqlite_synchronous = false
[senlin_api]
bind_host = 127.0.0.1
bind_port = $SENLIN_PORT
workers = 0
api_paste_config = $RUN/etc/api-paste.ini
[authentication]
auth_url = $KEYSTONE_URL
service_username = senlin
service_password = $SENLIN_PASSWORD
service_project_name = service
[keystone_authtoken]
www_authenticate_uri = $OS_AUTH_URL
auth_url = $KEYSTONE_URL
auth_type = password
username = senlin
password = $SENLIN_PASSWORD
project_name = service
user_domain_name = Default
project_domain_name = Default
region_name = $REGION
cafile = $OS_CACERT
service_token_roles_required = true
[oslo_concurrency]
lock_path = $RUN/lock
C
# The shipped pipeline, only told to believe X-Forwarded-Proto: this filter would look for its settings in /etc/senlin.
sed '/^\[filter:http_proxy_to_wsgi\]/a enable_proxy_headers_parsing = true' "$SENLIN_VENV/etc/senlin/api-paste.ini" >"$RUN/etc/api-paste.ini"

# The prepared databases do not know the ports: the catalog holds these two names until the instance starts.
export CATALOG_IDENTITY=http://identity.invalid CATALOG_CLUSTERING=http://clustering.invalid
keystone_manage() { "$bin/keystone-manage" --config-file "$RUN/etc/keystone.conf" "$@" >>"$RUN/log/keystone-manage.log" 2>&1; }
start_keystone() {
  OS_KEYSTONE_CONFIG_FILES="$RUN/etc/keystone.conf" spawn keystone "$bin/gunicorn" -b "127.0.0.1:$KEYSTONE_PORT" \
    -w 1 --threads 4 --graceful-timeout 1 --pythonpath "$here" keystone_wsgi:application
  wait_for 120 keystone answers "$KEYSTONE_PORT" /v3
}
prepare() { # build the databases and keys in $RUN, then keep a copy in $1
  local jobs=() job
  # each of these commands is two seconds of imports: side by side
  keystone_manage db_sync & jobs+=($!)
  keystone_manage fernet_setup --keystone-user "$(id -un)" --keystone-group "$(id -gn)" & jobs+=($!)
  keystone_manage credential_setup --keystone-user "$(id -un)" --keystone-group "$(id -gn)" & jobs+=($!)
  "$bin/senlin-manage" --config-file "$RUN/etc/senlin.conf" db_sync >>"$RUN/log/senlin-manage.log" 2>&1 & jobs+=($!)
  for job in "${jobs[@]}"; do wait "$job"; done
  lap "databases and keys"
  # without the write-ahead log Keystone deadlocks against itself now and then ("database is locked")
  "$bin/python" "$here/databases.py" wal "$RUN/db/keystone.sqlite" "$RUN/db/senlin.sqlite"
  "$bin/python" "$here/databases.py" cascade "$RUN/db/keystone.sqlite"
  keystone_manage bootstrap --bootstrap-password "$ADMIN_PASSWORD" --bootstrap-region-id "$REGION" \
    --bootstrap-public-url "$CATALOG_IDENTITY" --bootstrap-internal-url "$CATALOG_IDENTITY" --bootstrap-admin-url "$CATALOG_IDENTITY"
  start_keystone
  "$bin/python" "$here/seed_keystone.py" >>"$RUN/log/seed.log" 2>&1
  stop keystone
  lap "users and catalog"
  local building="$1.$$"
  rm -rf "$building"; mkdir -p "$building/db"
  cp -a "$RUN/fernet" "$RUN/credential" "$building/"
  for name in keystone senlin; do "$bin/python" "$here/databases.py" copy "$RUN/db/$name.sqlite" "$building/db/$name.sqlite"; done
  # a rename, so that another instance starting now sees all of it or nothing
  mv -T "$building" "$1" 2>/dev/null || rm -rf "$building"
}

cache=$STATE/prepared-$(cat "$here"/{constraints.txt,seed_keystone.py,databases.py} <(echo "$REGION $ADMIN_PASSWORD $DEMO_PASSWORD $SENLIN_PASSWORD") | sha256sum | cut -c1-12)
if [ "${CACHE:-1}" = 1 ] && [ -d "$cache" ]; then cp -a "$cache"/. "$RUN"/; lap "databases from the cache"
else prepare "$cache"; fi
"$bin/python" "$here/databases.py" catalog "$RUN/db/keystone.sqlite" "$CATALOG_IDENTITY=$OS_AUTH_URL" "$CATALOG_CLUSTERING=$SENLIN_URL"

if [ "$TLS" = 1 ]; then
  spawn tls "$bin/python" "$here/tls_proxy.py" "$RUN" "$KEYSTONE_TLS_PORT:$KEYSTONE_PORT" "$SENLIN_TLS_PORT:$SENLIN_PORT"
  wait_for 30 tls test -f "$RUN/tls.ready"
fi
start_senlin
start_keystone
lap "keystone answers"
wait_for 120 senlin answers "$SENLIN_PORT" /
lap "senlin answers"
"$bin/python" "$here/smoke.py" >>"$RUN/log/smoke.log" 2>&1 || { cat "$RUN/log/smoke.log" >&2; exit 1; }
lap "first real request"

{
  echo "clouds:"
  for user in demo alt_demo demo_reader admin; do
    password=$DEMO_PASSWORD project=$user
    [ "$user" = admin ] && password=$ADMIN_PASSWORD
    [ "$user" = demo_reader ] && project=demo
    cat <<C
  $user:
    region_name: $REGION
    identity_api_version: '3'
$([ "$TLS" = 1 ] && echo "    cacert: $OS_CACERT")
    auth:
      auth_url: $OS_AUTH_URL
      username: $user
      password: $password
      project_name: $project
      user_domain_name: Default
      project_domain_name: Default
C
  done
} | sed '/^$/d' >"$RUN/clouds.yaml"
cat >"$RUN/openrc" <<C
export OS_AUTH_URL=$OS_AUTH_URL OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=$REGION OS_CACERT=$OS_CACERT
export OS_USERNAME=demo OS_PASSWORD=$DEMO_PASSWORD OS_PROJECT_NAME=demo
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default
C
cat >"$RUN/ready.json.new" <<C
{
  "keystone": "$OS_AUTH_URL",
  "clustering": "$SENLIN_URL",
  "plain_keystone": "$KEYSTONE_URL",
  "plain_clustering": "$PLAIN_SENLIN_URL",
  "ca": $([ "$TLS" = 1 ] && echo "\"$OS_CACERT\"" || echo null),
  "clouds_yaml": "$RUN/clouds.yaml",
  "region": "$REGION",
  "senlin_pid_file": "$RUN/pids/senlin",
  "conductor_state": "$RUN/conductor",
  "users": {"admin": "$ADMIN_PASSWORD", "demo": "$DEMO_PASSWORD", "alt_demo": "$DEMO_PASSWORD", "demo_reader": "$DEMO_PASSWORD"},
  "projects": {"admin": "admin", "demo": "demo", "alt_demo": "alt_demo", "demo_reader": "demo"},
  "server_orders": "$RUN/servers.json",
  "microversion": "${MAX_MICROVERSION:-1.14}",
  "rpc_timeout": $RPC_TIMEOUT,
  "token_expiration": $TOKEN_EXPIRATION
}
C
echo "$settings" >"$RUN/settings"
mv "$RUN/ready.json.new" "$RUN/ready.json"
echo "ready: keystone $OS_AUTH_URL  senlin $SENLIN_URL  ($RUN/ready.json, clouds.yaml, openrc, log/)"
