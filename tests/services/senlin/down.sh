#!/usr/bin/env bash
# Stop what up.sh started with the same settings, by recorded pid, and remove its state (KEEP=1 keeps it).
set -euo pipefail
. "$(dirname "$0")/common.sh"
rm -f "$RUN/ready.json"
stop tls senlin keystone
[ "${KEEP:-0}" = 1 ] || rm -rf "$RUN"     # the venv and the prepared databases stay
echo "stopped: $RUN"
