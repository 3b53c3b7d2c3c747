#!/usr/bin/env bash
# End Senlin as a power cut does, amid whatever it is at, and start it again on the same databases; Keystone stays.
# usage: crash.sh   (settings: those that up.sh was called with)
set -euo pipefail
. "$(dirname "$0")/common.sh"
alive "$RUN/pids/senlin" || { echo "not running: $RUN" >&2; exit 1; }
read -r pid _ <"$RUN/pids/senlin"
kill -KILL "$pid"
while alive "$RUN/pids/senlin"; do sleep 0.05; done
start_senlin
wait_for 120 senlin answers "$SENLIN_PORT" /
