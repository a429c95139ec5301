#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
#
# The first process of the guest in which instructions are counted (see measure/guest.py): brings up a small machine, takes the
# floor's plan from a trace of our daemon in this very machine, measures one server after another, switches off.
#
# /servers has a line for each, fields separated by tabs: name, port, scrapes to count, command. The first one is ours.
set -uf
export PATH=/bin HOME=/

/bin/busybox mkdir -p /proc /sys /dev /run /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec </dev/null >/dev/ttyS0 2>&1
for module in $(find /modules -name '*.ko' | sort); do
	insmod "$module"
done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0

# Starts a server and waits until it answers; $server is its process.
start() {
	port=$1
	shift
	"$@" >/tmp/log 2>&1 &
	server=$!
	tries=0
	until scrape -n 1 -w 0 "$port" >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
			echo "no answer from $1:"
			cat /tmp/log
			return 1
		fi
		sleep 0.1
	done
}

stop() {
	kill "$server"
	wait "$server" 2>/dev/null
}

measure() { # NAME PORT COUNT COMMAND...
	name=$1 port=$2 count=$3
	shift 3
	start "$port" "$@" || return
	# Bodies of the first server serve as the floor's.
	keep=
	if [ ! -e /tmp/body ]; then
		keep=1
	fi
	echo "measured $name plain $(scrape -n "$count" -w 20 -p "$server" ${keep:+-o /tmp/body} "$port")"
	echo "measured $name gzip $(scrape -n "$count" -w 20 -z -p "$server" ${keep:+-o /tmp/body.gz} "$port")"
	stop
}

# The trace begins when the daemon starts, so it ends with it.
plan() { # OPENINGS PORT COMMAND...
	openings=$1 port=$2
	shift 2
	start "$port" strace -D -f -yy -s 64 -e write=all -o /tmp/trace "$@" || return
	scrape -n 2 -w 0 "$port" >/dev/null
	for path in /bench-begin /metrics /bench-end; do
		scrape -n 1 -w 0 "$port" "$path" >/dev/null
	done
	stop
	sleep 1
	awk -v openings="$openings" -f /plan.awk /tmp/trace >/tmp/plan
}

# Pods as a kubelet makes them: a slice with two containers each, and the links that name these.
made=0
make_pods() { # UP TO HOW MANY
	root=/sys/fs/cgroup/kubepods.slice
	if [ "$made" = 0 ]; then
		mkdir -p "$root" /tmp/root/var/log/containers
		for directory in /sys/fs/cgroup "$root"; do
			echo "+cpu +memory +io +pids" >"$directory/cgroup.subtree_control"
		done
	fi
	while [ "$made" -lt "$1" ]; do
		made=$((made + 1))
		uid=$(printf '%08x-0000-4000-8000-000000000000' "$made")
		pod=$root/kubepods-pod$(echo "$uid" | tr - _).slice
		mkdir "$pod"
		echo "+cpu +memory +io +pids" >"$pod/cgroup.subtree_control"
		for container in app sidecar; do
			id=$(printf '%063x' "$made")${#container}
			mkdir "$pod/cri-containerd-$id.scope"
			ln -s "/var/log/pods/default_web-${made}_$uid/$container/0.log" \
				"/tmp/root/var/log/containers/web-${made}_default_$container-$id.log"
		done
	done
}

# What groups cost: for each number of pods in /pods one server after another, as above.
tab=$(printf '\t')
if [ -e /pods ]; then
	while read -r pods; do
		make_pods "$pods"
		while IFS=$tab read -r name port count command; do
			# shellcheck disable=SC2086
			start "$port" $command || continue
			echo "measured $name-$pods plain $(scrape -n "$count" -w 3 -p "$server" "$port")"
			echo "measured $name-$pods gzip $(scrape -n "$count" -w 3 -z -p "$server" "$port")"
			echo "memory $name-$pods $(grep -E '^(RssAnon|RssFile|VmRSS)' /proc/$server/status | tr -s '\n\t ' ' ')"
			sleep 5
			scrape -n 1 -w 0 -o /tmp/out "$port" >/dev/null
			echo "sampler $name-$pods $(grep -E '^nodegauge_pressure_sampler' /tmp/out | tr '\n' ' ')"
			stop
			# the same reads, by one who does nothing else and sends the same bytes
			rm -f /tmp/body /tmp/body.gz
			# shellcheck disable=SC2086
			start "$port" $command || continue
			scrape -n 3 -w 0 -o /tmp/body "$port" >/dev/null
			scrape -n 3 -w 0 -z -o /tmp/body.gz "$port" >/dev/null
			stop
			# shellcheck disable=SC2086
			plan 1 "$port" $command
			start "$port" floor -p "$port" -b /tmp/body -z /tmp/body.gz /tmp/plan || continue
			echo "measured floor-$pods plain $(scrape -n "$count" -w 3 -p "$server" "$port")"
			echo "measured floor-$pods gzip $(scrape -n "$count" -w 3 -z -p "$server" "$port")"
			stop
		done </servers
	done </pods
	echo finished
	poweroff -f
fi

while IFS=$tab read -r name port count command; do
	# The command is a list of words without blanks in them, and set -f keeps its patterns as they are.
	# shellcheck disable=SC2086
	measure "$name" "$port" "$count" $command
	if [ ! -e /tmp/plan ]; then
		# shellcheck disable=SC2086
		plan 0 "$port" $command
		measure floor "$port" "$count" floor -p "$port" -b /tmp/body -z /tmp/body.gz /tmp/plan
	fi
done </servers
echo finished
poweroff -f
