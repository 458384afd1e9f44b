#!/usr/bin/env bash
# compare.sh [ROUNDS]: servers side by side under the same load, in one run: server CPU per message, median of ROUNDS (default 5), and its ratio to the bare
# loop. Writes results/comparison.md and results/comparison.svg. Needs a C compiler, the .NET SDK and python3; measures TLS if OpenSSL's headers are there,
# Postfix's smtp-sink, aiosmtpd and nodemailer's smtp-server if they are found (SMTP_SERVER_MODULE names the folder of the last).
# Loopback only; every load is bounded in messages. Ends only what it started.
set -euo pipefail
cd "$(dirname "$0")"
rounds=${1:-5}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

flags=()
columns=("one at a time|40000|" "pipelined|120000|-p" "new connection each|10000|-n" "100 KB messages|8000|-l 102400")
if [ -e /usr/include/openssl/ssl.h ]; then flags=(-DWITH_TLS -lssl -lcrypto); fi
cc -O2 -w -o "$work/load" load/smtpload.c "${flags[@]}"
dotnet build -c Release -v q Smtp.LoadHost -o "$work/host" >/dev/null
dotnet build -c Release -v q Smtp.PeerHost -o "$work/peer" >/dev/null

port=$((20000 + RANDOM % 10000))
names=() ports=() processes=() modes=()
start() { # NAME MODE COMMAND...
  local name=$1 mode=$2
  shift 2
  "$@" >/dev/null 2>&1 </dev/null &
  pids+=($!) names+=("$name") ports+=("$port") processes+=($!) modes+=("$mode")
  port=$((port + 1))
}

start "bare .NET socket loop" plain "$work/host/Smtp.LoadHost" "$port" --baseline
start "Smtp.Core" plain "$work/host/Smtp.LoadHost" "$port"
start "SmtpServer (.NET)" part "$work/peer/Smtp.PeerHost" "$port"
# smtp-sink will not run as root, and goes to another user itself.
sink=(smtp-sink)
if [ "$(id -u)" = 0 ]; then sink+=(-u nobody); fi
if command -v smtp-sink >/dev/null; then start "Postfix smtp-sink (C)" plain "${sink[@]}" "127.0.0.1:$port" 512; fi
python=$(for p in /usr/bin/python3 python3; do "$p" -c 'import aiosmtpd' 2>/dev/null && echo "$p" && break; done || true)
if [ -n "$python" ]; then start "aiosmtpd (Python)" slow "$python" load/aiosmtpd_sink.py "$port"; fi
if command -v node >/dev/null && [ -n "${SMTP_SERVER_MODULE:-}" ]; then start "nodemailer smtp-server (Node)" slow node load/nodemailer_sink.js "$port"; fi
if [ ${#flags[@]} -gt 0 ]; then
  start "bare SslStream loop" tls "$work/host/Smtp.LoadHost" "$port" --baseline --tls
  start "Smtp.Core with TLS" tls "$work/host/Smtp.LoadHost" "$port" --tls
fi
sleep 4

for ((round = 0; round <= rounds; round++)); do
  for column in "${columns[@]}"; do
    IFS='|' read -r title messages options <<<"$column"
    for i in "${!names[@]}"; do
      count=$messages
      [ "${modes[i]}" = part ] && count=$((messages / 4)) # pipelined each connection waits 40 ms a message (delayed acknowledgements)
      [ "${modes[i]}" = slow ] && count=$((messages / 20))
      [ "${modes[i]}" = tls ] && count=$((messages / 4))
      [ "$round" = 0 ] && count=$((count / 4)) # warms up; not counted
      tls=""
      [ "${modes[i]}" = tls ] && tls=-t
      # shellcheck disable=SC2086
      out=$("$work/load" "${ports[i]}" -c 50 -m "$count" -x "${processes[i]}" $options $tls 2>&1 | head -1) || out="failed"
      [ "$round" = 0 ] || echo "${names[i]}|${modes[i]}|$title|$out" >>"$work/runs"
    done
  done
done
mkdir -p results
python3 load/report.py "$work/runs" results "$rounds"
cat results/comparison.md
