#!/usr/bin/env bash
# shellcheck disable=SC2154
# Build the venv with the real Senlin 16.0.0 and Keystone 25.0.0 (pins: constraints.txt). Nothing to do if it is there.
# usage: install.sh      (PY=/path/to/python3.11 chooses the interpreter; exit 3: none found)
set -euo pipefail
. "$(dirname "$0")/common.sh"
mkdir -p "$STATE"
exec 8>"$STATE/install.lock"
flock 8      # two callers at once: the second finds the work done
if [ -f "$SENLIN_VENV/complete" ] && "$bin/python" -c '' 2>/dev/null; then
  echo "already installed: $SENLIN_VENV"
  exit 0
fi

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' >/dev/null 2>&1; }
candidates() {
  local minor
  for minor in 3.11 3.10 3.9; do
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$minor".*/bin/python "${XDG_DATA_HOME:-$HOME/.local/share}/uv/python/cpython-$minor".*/bin/python3 2>/dev/null || true
    command -v "python$minor" || true
    [ -x "/usr/bin/python$minor" ] && echo "/usr/bin/python$minor"
  done
  command -v python3 || true
}
py=${PY:-}
if [ -n "$py" ]; then
  fits "$py" || { echo "PY=$py is not a Python 3.9-3.11 with venv and ensurepip" >&2; exit 3; }
else
  for c in $(candidates); do if fits "$c"; then py=$c; break; fi; done
fi
if [ -z "$py" ]; then
  cat >&2 <<M
No Python 3.9, 3.10 or 3.11 with venv and ensurepip was found, and Senlin 16.0.0, the last there is, runs on no later one
(3.12 has no distutils, which its libraries import). Looked at: $(candidates | tr '\n' ' ')
Install one (Debian 12: apt-get install python3 python3-venv; or pyenv, or uv) or name it: PY=/path/to/python3.11
M
  exit 3
fi
echo "installing with $py ($("$py" -V)) into $SENLIN_VENV; about a minute"
rm -rf "$SENLIN_VENV"
"$py" -m venv "$SENLIN_VENV"
"$bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt" -c "$here/constraints.txt" 2> >(grep -v 'is ignored: it is neither' >&2)
"$bin/pip" --disable-pip-version-check check
touch "$SENLIN_VENV/complete"
