#!/usr/bin/env bash
# Relay.Host beside Postfix on this machine, in one run: 4 KB messages over 20 connections, as root on Debian with postfix and the .NET SDK.
#   bash benchmarks/relay/compare-postfix.sh [MESSAGES] [DEFERRED]
# 1. accepting durably: nothing is delivered (Postfix: defer_transports; the relay: the destination is suspended)
# 2. from accept to next hop: accepted and relayed to smtp-sink, until the sink has all
# 3. the store alone, with an empty queue and with DEFERRED messages waiting
# Both are warm before anything is measured: .NET compiles what is busy for the first 20,000 messages or so, beside the work.
# Both sync each message to the same disk. Postfix runs from a configuration and queue of its own; the system's instance is not touched.
set -euo pipefail
cd "$(dirname "$0")/../.."
messages=${1:-10000}
deferred=${2:-1000000}
length=4096
connections=20
warm=30000
warm_postfix=1000
work=$(mktemp -d /var/tmp/relay-compare.XXXXXX)
pids=()

cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  [ -d "$work/postfix/etc" ] && postfix -c "$work/postfix/etc" stop >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

now() { date +%s.%N; }
rate() { awk -v n="$1" -v a="$2" -v b="$3" 'BEGIN { printf "%.0f", n / (b - a) }'; }
wait_for_port() { for _ in $(seq 200); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; echo "nobody listens on $1" >&2; exit 1; }
blast() { smtp-source -d -s "$connections" -l "$length" -m "$1" -f a@example.com -t b@example.net "127.0.0.1:$2"; }

dotnet build -c Release -v q samples/Relay.Host >/dev/null
dotnet build -c Release -v q benchmarks/Relay.SpoolBench >/dev/null

setup_postfix() {
  local etc=$work/postfix/etc
  mkdir -p "$etc" "$work/postfix/spool" "$work/postfix/data"
  chown postfix "$work/postfix/data"
  chmod 755 "$work" "$work/postfix" "$work/postfix/spool"
  cat >"$etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $work/postfix/spool
data_directory = $work/postfix/data
myhostname = postfix.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:2601
smtp_tls_security_level = none
maillog_file = /var/log/relay-compare.log
smtpd_recipient_restrictions = permit_mynetworks, reject
multi_instance_enable = no
CF
  sed -e 's/^smtp      inet .*/127.0.0.1:2600 inet n - n - - smtpd/' /etc/postfix/master.cf 2>/dev/null >"$etc/master.cf" || true
  grep -q '^127.0.0.1:2600' "$etc/master.cf" || sed -e 's/^smtp      inet .*/127.0.0.1:2600 inet n - n - - smtpd/' /usr/share/postfix/master.cf.dist >"$etc/master.cf"
  sed -i -E 's/^([a-z-]+ +(unix|inet|unix-dgram) +[ny-] +[ny-] +)[y-]( )/\1n\3/' "$etc/master.cf"
  grep -q '^postlog' "$etc/master.cf" || echo 'postlog unix-dgram n - n - 1 postlogd' >>"$etc/master.cf"
}

start_postfix() { postfix -c "$work/postfix/etc" start >/dev/null 2>&1; wait_for_port 2600; }
stop_postfix() { postfix -c "$work/postfix/etc" stop >/dev/null 2>&1 || true; sleep 1; }

relay=samples/Relay.Host/bin/Release/net10.0/Relay.Host
start_relay() {
  "$relay" --Relay:HostName=relay.example.com --Relay:Listen=127.0.0.1:2610 --Relay:Http:Listen=off "--Relay:NextHop=127.0.0.1:$2" "--Relay:DataPath=$work/$1" --Logging:LogLevel:Default=Warning >"$work/$1.log" 2>&1 &
  relay_pid=$!
  pids+=("$relay_pid")
  wait_for_port 2610
}
stop_relay() { kill "$relay_pid"; wait "$relay_pid" || true; }

# The sink prints how many messages it has had, on one line that grows.
start_sink() { smtp-sink -u postfix -c 127.0.0.1:2601 1000 >"$work/sink.log" 2>&1 & sink_pid=$!; pids+=("$sink_pid"); wait_for_port 2601; }
stop_sink() { kill "$sink_pid" 2>/dev/null || true; wait "$sink_pid" 2>/dev/null || true; }
wait_for_sink() {
  local n=0
  for _ in $(seq 6000); do
    n=$(tr '\r' '\n' <"$work/sink.log" | grep -oE 'mesg=[0-9]+|^[0-9]+' | tail -1 | tr -dc 0-9)
    [ "${n:-0}" -ge "$1" ] && return
    sleep 0.05
  done
  echo "the sink has ${n:-0} of $1" >&2
  exit 1
}

setup_postfix

echo "1. accepting durably, $messages messages of $length octets over $connections connections"
postconf -c "$work/postfix/etc" -e defer_transports=smtp
start_postfix; blast "$warm_postfix" 2600
a=$(now); blast "$messages" 2600; b=$(now); postfix_accept=$(rate "$messages" "$a" "$b")
stop_postfix
start_relay accept 2609
"$relay" destination suspend example.net "--Relay:Spool:Path=$work/accept/spool" >/dev/null
blast "$warm" 2610
a=$(now); blast "$messages" 2610; b=$(now); relay_accept=$(rate "$messages" "$a" "$b")
stop_relay
echo "   Postfix $postfix_accept/s, Relay.Host $relay_accept/s: $(awk -v a="$relay_accept" -v b="$postfix_accept" 'BEGIN { printf "%.1f", a / b }') times"

echo "2. from accept to next hop"
rm -rf "$work/postfix/spool"; mkdir "$work/postfix/spool"
postconf -c "$work/postfix/etc" -e defer_transports=
start_sink; start_postfix; blast "$warm_postfix" 2600; wait_for_sink "$warm_postfix"
a=$(now); blast "$messages" 2600; wait_for_sink $((messages + warm_postfix)); b=$(now); postfix_whole=$(rate "$messages" "$a" "$b")
stop_postfix; stop_sink
start_sink; start_relay whole 2601; blast "$warm" 2610; wait_for_sink "$warm"
a=$(now); blast "$messages" 2610; wait_for_sink $((messages + warm)); b=$(now); relay_whole=$(rate "$messages" "$a" "$b")
echo "   memory of the relay: $(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$relay_pid/status") MB"
stop_relay; stop_sink
echo "   Postfix $postfix_whole/s, Relay.Host $relay_whole/s: $(awk -v a="$relay_whole" -v b="$postfix_whole" 'BEGIN { printf "%.1f", a / b }') times"

echo "3. the store alone"
benchmarks/Relay.SpoolBench/bin/Release/net10.0/Relay.SpoolBench "$work/store" "$messages" "$deferred"
