#!/bin/sh
# Starts one member of the failover pair that holds the fleet's counters:
#   redis.sh redis      one of the two Redis
#   redis.sh sentinel   one of the three sentinels, which choose the master
#
# SELF       the name by which the others reach this member
# FIRST      the Redis that is the master when no sentinel knows one
# SENTINELS  the names of the sentinels, with spaces between them
# PASSWORD   of all members; none if it is empty
# BIND, REDIS_PORT, SENTINEL_PORT, DIR, DOWN_AFTER: see the defaults
set -eu

redis_port=${REDIS_PORT:-6379} sentinel_port=${SENTINEL_PORT:-26379} bind=${BIND:-* -::*}
dir=${DIR:-/data} down_after=${DOWN_AFTER:-3000} password=${PASSWORD:-}
if [ -n "$password" ]; then
	export REDISCLI_AUTH="$password"
fi

# ask SENTINEL COMMAND... prints the sentinel's answer, or nothing if it has none.
ask() {
	to=$1
	shift
	timeout 2 redis-cli -h "$to" -p "$sentinel_port" --raw sentinel "$@" 2>/dev/null || true
}

# master prints which Redis the sentinels call the master, or nothing.
master() {
	for sentinel in $SENTINELS; do
		found=$(ask "$sentinel" get-master-addr-by-name fleet | head -n 1)
		case $found in
		"" | *" "*) ;; # nobody knows, or an error
		*) echo "$found" && return ;;
		esac
	done
}

# step_down lets the other Redis take over, if there is one: this one comes back
# empty, and the other one would copy that.
step_down() {
	asked=
	for sentinel in $SENTINELS; do
		# One that has just started may not know of the other Redis.
		case $(ask "$sentinel" failover fleet) in
		OK | INPROG*) asked=yes && break ;;
		esac
	done
	if [ -z "$asked" ]; then
		return
	fi
	tries=0
	while [ "$(master)" = "$SELF" ] && [ $tries -lt 20 ]; do
		tries=$((tries + 1))
		sleep 0.5
	done
}

start_redis() {
	if [ "$(master)" = "$SELF" ]; then
		step_down
	fi
	master=$(master)
	master=${master:-$FIRST}
	set -- --port "$redis_port" --bind $bind --protected-mode no --dir "$dir" \
		--save "" --appendonly no --repl-diskless-sync-delay 0 \
		--maxmemory "${MAXMEMORY:-256mb}" --maxmemory-policy volatile-ttl \
		--replica-announce-ip "$SELF" --replica-announce-port "$redis_port"
	if [ -n "$password" ]; then
		set -- "$@" --requirepass "$password" --masterauth "$password"
	fi
	if [ "$master" != "$SELF" ]; then
		set -- "$@" --replicaof "$master" "$redis_port"
	fi
	exec redis-server "$@"
}

start_sentinel() {
	master=$(master)
	master=${master:-$FIRST}
	{
		echo "port $sentinel_port"
		echo "bind $bind"
		echo "protected-mode no"
		echo "dir $dir"
		# The same after each start: a sentinel that comes back is not one more.
		echo "sentinel myid $(printf %s "$SELF" | sha1sum | cut -c 1-40)"
		echo "sentinel resolve-hostnames yes"
		echo "sentinel announce-hostnames yes"
		echo "sentinel announce-ip $SELF"
		echo "sentinel announce-port $sentinel_port"
		echo "sentinel monitor fleet $master $redis_port 2"
		echo "sentinel down-after-milliseconds fleet $down_after"
		echo "sentinel failover-timeout fleet 10000"
		if [ -n "$password" ]; then
			quoted=$(printf %s "$password" | sed 's/[\\"]/\\&/g')
			printf 'requirepass "%s"\n' "$quoted"
			printf 'sentinel sentinel-pass "%s"\n' "$quoted"
			printf 'sentinel auth-pass fleet "%s"\n' "$quoted"
		fi
	} >"$dir/sentinel.conf"
	exec redis-server "$dir/sentinel.conf" --sentinel
}

case ${1:-} in
redis) start_redis ;;
sentinel) start_sentinel ;;
*) echo "redis.sh redis|sentinel" >&2 && exit 2 ;;
esac
