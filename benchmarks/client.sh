#!/bin/sh
# Compares the pooled client with MailKit and a bare loop over a socket (CPU time a message) and with Postfix's smtp-source -d (messages a second) against the same server, in one run.
# Usage: benchmarks/client.sh [ROUNDS [MESSAGES [SIZE]]]; 3 rounds of 20000 messages of 1024 octets by default. Prints each run and the ratios of the medians.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-3} messages=${2:-20000} size=${3:-1024} port=${PORT:-2600}
results=$(mktemp)
dotnet build -c Release -v q --nologo benchmarks/Smtp.LoadHost >&2
dotnet build -c Release -v q --nologo benchmarks/Smtp.ClientLoad >&2
host=benchmarks/Smtp.LoadHost/bin/Release/net10.0/Smtp.LoadHost
load=benchmarks/Smtp.ClientLoad/bin/Release/net10.0/Smtp.ClientLoad
$host "$port" > /dev/null &
server=$!
trap 'kill $server; rm -f "$results"' EXIT
sleep 1

# The server's own compiling is done before anything is measured.
$load "$port" pooled 20 "$messages" "$size" > /dev/null

measure() { # NAME CONNECTIONS COMMAND...
    name=$1 connections=$2
    shift 2
    line=$("$@")
    printf '%-12s %2s  %s\n' "$name" "$connections" "$line"
    printf '%s %s %s\n' "$name" "$connections" "$line" >> "$results"
}

source_run() { # CONNECTIONS
    seconds=$( { command time -f '%e %U %S' smtp-source -d -s "$1" -m "$messages" -l "$size" -f sender@example.com -t recipient@example.net "127.0.0.1:$port"; } 2>&1)
    echo "$seconds" | awk -v n="$messages" '{ printf "%.0f messages/s %.1f us CPU/message\n", n / $1, ($2 + $3) * 1e6 / n }'
}

for round in $(seq "$rounds"); do
    for connections in 1 20; do
        measure pooled $connections $load "$port" pooled $connections "$messages" "$size"
        measure single $connections $load "$port" single $connections "$messages" "$size"
        measure mailkit $connections $load "$port" mailkit $connections $((messages / 4)) "$size"
        measure bare $connections $load "$port" bare $connections "$messages" "$size"
        if command -v smtp-source > /dev/null; then
            measure smtp-source $connections source_run $connections
        fi
    done
done

echo
for connections in 1 20; do
    awk -v c=$connections '
        $2 == c { n[$1]++; rate[$1, n[$1]] = $3; cpu[$1, n[$1]] = $5 }
        function median(a, name,    i, j, t, v) {
            for (i = 1; i <= n[name]; i++) v[i] = a[name, i]
            for (i = 1; i <= n[name]; i++) for (j = i + 1; j <= n[name]; j++) if (v[j] < v[i]) { t = v[i]; v[i] = v[j]; v[j] = t }
            return v[int((n[name] + 1) / 2)]
        }
        END {
            printf "%2d connections: MailKit needs %.1f times the CPU time of the pooled client", c, median(cpu, "mailkit") / median(cpu, "pooled")
            printf " (%.1f times with one sender a connection)", median(cpu, "mailkit") / median(cpu, "single")
            printf "; the pooled client needs %.2f times that of a bare loop over a socket", median(cpu, "pooled") / median(cpu, "bare")
            if (n["smtp-source"]) printf "; the pooled client sends %.2f times as many messages a second as smtp-source -d", median(rate, "pooled") / median(rate, "smtp-source")
            printf "\n"
        }' "$results"
done
