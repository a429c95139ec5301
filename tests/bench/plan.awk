# SPDX-License-Identifier: Apache-2.0
#
# Writes the plan of floor.c from a trace of a daemon by
#
#	strace -f -yy -s 64 -e write=all
#
# What counts lies between GET /metrics and GET /bench-end, once GET /bench-begin has been seen: before it, the daemon warms up.
# Every file is in the plan once, however often it was read; what the trace holds besides is told on standard error. With
# -v openings=1 files that the scrape opens are opened by the floor as well: those of cgroups, of which too many come and go.
# Runs in mawk, gawk and busybox, as the guest has nothing else.

function file_of(call)
{
	return match(call, /<[^>]*>/) ? own(substr(call, RSTART + 1, RLENGTH - 2)) : ""
}

# /proc/PID and /proc/PID/task/TID of the traced process are the floor's own when it reads them.
function own(path, part)
{
	split(path, part, "/")
	if (part[2] != "proc" || !(part[3] in traced))
		return path
	if (part[4] == "task" && part[5] in traced)
		return "/proc/thread-self" substr(path, length("/proc//task/" part[3] part[5]) + 1)
	return "/proc/self" substr(path, length("/proc/" part[3]) + 1)
}

function quoted(call)
{
	return match(call, /"[^"]*"/) ? own(substr(call, RSTART + 1, RLENGTH - 2)) : ""
}

# The name given to openat, with the directory that it is below.
function below(call, name)
{
	name = quoted(call)
	return name ~ /^\// || call ~ /^[a-z0-9]+\(AT_FDCWD/ ? name : file_of(call) "/" name
}

function result(call)
{
	return match(call, / = -?[0-9]+/) ? substr(call, RSTART + 3, RLENGTH - 3) + 0 : 0
}

# The argument at the end of the list: an offset, or a size.
function last(call)
{
	sub(/\) += .*/, "", call)
	sub(/.*, /, "", call)
	return call + 0
}

# A number as the argument before the last.
function before_last(call)
{
	sub(/\) += .*/, "", call)
	sub(/, [^,]*$/, "", call)
	sub(/.*, /, "", call)
	return call + 0
}

function once(line)
{
	if (!(line in planned))
		order[++lines] = line
	planned[line] = 1
}

# One pread or read of a file; a pass over it begins with `first`.
function piece(path, size, first)
{
	if (path !~ /^\//)
		return
	if (first && ++passes[path] == 1)
		order[++lines] = "read\t" path
	if (passes[path] != 1)
		return
	pieces[path]++
	if (size > sizes[path])
		sizes[path] = size
}

function handle(call, name, path)
{
	name = substr(call, 1, index(call, "(") - 1)
	calls++
	count[name]++
	if (name == "openat") {
		if (result(call) < 0)
			failed[below(call)]++
		else {
			path = file_of(substr(call, index(call, ") = ")))
			opened[path] = 1
			in_scrape[path] = 1
		}
	} else if (name == "pread64") {
		piece(file_of(call), before_last(call), last(call) == 0)
	} else if (name == "lseek") {
		opened[file_of(call)] = 1
	} else if (name == "read") {
		path = file_of(call)
		piece(path, last(call), (path in opened) || !(path in passes))
		delete opened[path]
	} else if (name == "getdents64") {
		once("list\t" file_of(call))
	} else if (name == "fstatfs") {
		once("statfs\t" file_of(call))
	} else if (name == "statfs") {
		once("statfs\t" quoted(call))
	} else if (name == "adjtimex" || name == "clock_adjtime") {
		once("call\tadjtimex")
	} else if (name == "uname" || name == "sysinfo") {
		once("call\t" name)
	} else if (name ~ /^(sendto|sendmsg|write)$/ && match(call, /^[a-z]+\([0-9]+<NETLINK:\[[A-Z_]+/)) {
		protocol = substr(call, RSTART, RLENGTH)
		sub(/.*\[/, "", protocol)
		dumping = 1
		request = ""
	}
}

# The sequence number and the port are the sender's own.
function request_end()
{
	if (request != "" && protocol in protocols)
		once("netlink\t" protocols[protocol] "\t" substr(request, 1, 16) "0000000000000000" substr(request, 33))
	dumping = 0
}

BEGIN {
	protocols["ROUTE"] = 0
	protocols["SOCK_DIAG"] = 4
	protocols["INET_DIAG"] = 4
	protocols["XFRM"] = 6
	protocols["NETFILTER"] = 12
	protocols["GENERIC"] = 16
}

# The dump of what was sent: " | 00000  20 00 00 00 12 00 01 03  b7 35 46 54 cc 30 00 00   ........5FT.0.. |"
/^ \| / {
	if (dumping) {
		hex = substr($0, 11, 49)
		gsub(/ /, "", hex)
		request = request hex
	}
	next
}

/^ \* / {
	next
}

{
	request_end()
	traced[$1] = 1
	call = $0
	sub(/^[0-9]+ +/, "", call)
	if (call ~ /<unfinished \.\.\.>$/) {
		sub(/ *<unfinished \.\.\.>$/, "", call)
		pending[$1] = call
		next
	}
	if (call ~ /^<\.\.\. /) {
		sub(/^<\.\.\. [a-z0-9_]+ resumed>/, "", call)
		call = pending[$1] call
	}
	if (call ~ /"GET \/bench-begin/)
		armed = 1
	else if (call ~ /"GET \/bench-end/)
		armed = counting = 0
	else if (armed && call ~ /"GET \/metrics/)
		counting = 1
	else if (counting && call ~ /^[a-z]/)
		handle(call)
}

END {
	request_end()
	for (i = 1; i <= lines; i++) {
		if (order[i] !~ /^read\t/) {
			print order[i]
			continue
		}
		path = substr(order[i], 6)
		# The kernel allocates what is asked for (proc_sys_call_handler), and these never hold more.
		if (path ~ /^\/(sys|proc\/sys)\// && sizes[path] > 4095)
			sizes[path] = 4095
		print (openings && path in in_scrape ? "open" : "read") "\t" sizes[path] "\t" pieces[path] "\t" path
	}
	printf "plan: %d lines from %d system calls:", lines, calls > "/dev/stderr"
	for (name in count)
		printf " %s %d", name, count[name] > "/dev/stderr"
	print "" > "/dev/stderr"
	for (path in passes)
		if (passes[path] > 1)
			print "plan: read " passes[path] " times: " path > "/dev/stderr"
	for (path in failed)
		print "plan: opened in vain: " path > "/dev/stderr"
}
