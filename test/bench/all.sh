#!/bin/sh
# Measures every figure of docs/reference/performance.md for sealpost and its peers, in interleaved rounds. Takes about 25 minutes on two
# cores. ROUNDS=1 gives quick first figures; LOAD=3 runs three busy processes beside it. Results go to results/ as JSON, and to
# standard output as tables.
set -eu
cd "$(dirname "$0")"
rounds=${ROUNDS:-5}
mkdir -p results
[ -d certs ] || sh lib/certs.sh
busy=
trap 'for pid in $busy; do kill "$pid"; done' EXIT
trap 'exit 130' INT TERM
for _ in $(seq "${LOAD:-0}"); do
  node -e 'for (;;);' &
  busy="$busy $!"
done
run() { # run NAME SCRIPT ARGS...
  name=$1; shift
  printf '\n# %s\n' "$name"
  node "$@" --rounds "$rounds" >"results/$name.json" && node lib/show.mjs "results/$name.json"
}
# Measuring begins after 3 000 messages, when Node has compiled the hot code of every client. The runs without $warm measure the first
# messages of a process.
warm='--warmup 3000 --count 10000 --max-ms 8000'
run throughput throughput.mjs --adapters nodemailer,ours,limit@bdat --connections 1,5 $warm
run throughput-first-messages throughput.mjs --adapters nodemailer,ours,limit@bdat --connections 1,5
run throughput-without-chunking throughput.mjs --adapters nodemailer,ours,limit@pipe --connections 1,5 --sink-args=--no-chunking $warm
run sizes throughput.mjs --adapters nodemailer,ours,limit@bdat --messages text:10240,text:102400 $warm
run recipients throughput.mjs --adapters nodemailer,ours,limit@bdat --messages rcpt:1000
run latency throughput.mjs --adapters nodemailer,ours,ours@deep/8,limit@bdat --delay 20
run latency-without-chunking throughput.mjs --adapters nodemailer,ours --delay 20 --sink-args=--no-chunking
run latency-lock-step throughput.mjs --adapters nodemailer,ours --delay 20 "--sink-args=--no-pipelining --no-chunking"
run stall throughput.mjs --adapters nodemailer,ours "--sink-args=--no-pipelining --no-chunking" --window 1
run observed throughput.mjs --adapters ours,ours@observed --connections 1,5 $warm
run attachments attach.mjs --adapters nodemailer,ours,limit@bdat
run mime mime.mjs --adapters nodemailer,ours,limit
node encode.mjs --rounds "$rounds" | tee results/encoders.json
run smime smime.mjs --adapters smime-raw@pool,smime-limit,smime-ours,smime-pkijs@web --warm-ms 2000
run coldstart coldstart.mjs --modules '(nothing),nodemailer,../../../dist/index.js' --baseline nodemailer
run tls tls.mjs --ours ours-conn-per-msg
