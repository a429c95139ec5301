/* SPDX-License-Identifier: Apache-2.0 */
#include "http/gate.h"

#include "kernel/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

/* How many buffers to read at a time from a client that keeps sending after it was refused. */
enum { DISCARDS = 8 };

static void end(struct ng_connection *connection)
{
	connection->all->end(connection);
}

/* ---- refusals ---- */

/* Clients lose the response if the connection is closed with unread bytes, so these are read and discarded. */
static void discard(struct ng_gate *gate, struct ng_connection *connection)
{
	for (int i = 0; i < DISCARDS; i++) {
		ssize_t n = recv(connection->fd, gate->bytes, sizeof(gate->bytes), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
	}
	end(connection);
}

static void refuse(struct ng_gate *gate, struct ng_connection *connection, const struct ng_refusal *refusal)
{
	char text[512], body[192], date[40];
	time_t now = time(NULL);
	struct tm utc;

	/* every refused request ends its connection, so HEAD needs no special handling */
	int size = snprintf(body, sizeof(body), "%s: %s.\n", refusal->reason, refusal->text);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 %u %s\r\nDate: %s\r\nConnection: close\r\nContent-Length: %d\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n%sX-Content-Type-Options: nosniff\r\n\r\n%s",
		refusal->status, refusal->reason, date, size, refusal->status == 405 ? "Allow: GET, HEAD\r\n" : "",
		body);
	ng_connections_enter(connection, NG_PHASE_REFUSED, ng_now());
	if (send(connection->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < n) {
		end(connection); /* a client that has not read the previous response */
		return;
	}
	shutdown(connection->fd, SHUT_WR);
	discard(gate, connection);
}

/* ---- heads ---- */

/* Skips empty lines before a request (RFC 9112, 2.2); returns their size. */
static size_t empty_lines(struct ng_span bytes)
{
	size_t n = 0;

	while (n < bytes.size && (bytes.text[n] == '\n' ||
					 (bytes.text[n] == '\r' && (n + 1 == bytes.size || bytes.text[n + 1] == '\n'))))
		n++;
	return n && bytes.text[n - 1] == '\r' ? n - 1 : n;
}

/* An incomplete head; its timeout starts with the first byte. */
static bool wait_for_more(struct ng_gate *gate, struct ng_gate_entry *entry, struct ng_span bytes)
{
	const struct ng_refusal *refusal = ng_request_head_hopeless(bytes);

	entry->seen = bytes.size;
	if (refusal) {
		refuse(gate, entry->connection, refusal);
		return false;
	}
	if (bytes.size && entry->connection->phase == NG_PHASE_IDLE)
		ng_connections_enter(entry->connection, NG_PHASE_HEAD, ng_now());
	return true;
}

static bool judge(struct ng_gate *gate, struct ng_gate_entry *entry, struct ng_span bytes)
{
	const struct ng_refusal *refusal = NULL;
	unsigned requests = 0;
	size_t size = ng_request_head_size(bytes, entry->seen);

	if (size == 0)
		return wait_for_more(gate, entry, bytes);
	while (size && !(refusal = ng_request_head_judge((struct ng_span){ bytes.text, size }))) {
		requests++;
		bytes = ng_span_skip(bytes, size);
		size = ng_request_head_size(bytes, 0);
	}
	entry->seen = 0;
	if (requests == 0) {
		refuse(gate, entry->connection, refusal);
		return false;
	}
	entry->waiting = false;
	gate->pass(entry->connection, requests, bytes.size > 0);
	return false;
}

/* Checks what has arrived; false if nothing more is awaited, in which case the connection may have ended. */
static bool look(struct ng_gate *gate, struct ng_gate_entry *entry)
{
	struct ng_connection *connection = entry->connection;
	ssize_t n = recv(connection->fd, gate->bytes, sizeof(gate->bytes), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	size_t skip = n > 0 ? empty_lines((struct ng_span){ gate->bytes, (size_t)n }) : 0;
	/* this writes the bytes that are already there to the start of the buffer */
	if (n <= 0 || (skip && recv(connection->fd, gate->bytes, skip, MSG_DONTWAIT) != (ssize_t)skip)) {
		end(connection);
		return false;
	}
	return judge(gate, entry, (struct ng_span){ gate->bytes + skip, (size_t)n - skip });
}

/* ---- events ---- */

int ng_gate_add(struct ng_gate *gate, struct ng_gate_entry *entry, struct ng_connection *connection)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = entry };

	*entry = (struct ng_gate_entry){ .connection = connection, .waiting = true };
	return epoll_ctl(gate->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0 ? -errno : 0;
}

void ng_gate_wait(struct ng_gate *gate, struct ng_gate_entry *entry)
{
	unsigned events = entry->missed;

	entry->waiting = true;
	entry->missed = 0;
	if (events)
		ng_gate_event(gate, entry, events);
}

void ng_gate_event(struct ng_gate *gate, struct ng_gate_entry *entry, unsigned events)
{
	struct ng_connection *connection = entry->connection;

	if (connection->phase == NG_PHASE_REFUSED)
		discard(gate, connection);
	else if (!entry->waiting)
		entry->missed |= events;
	else if (look(gate, entry) && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		end(connection); /* in the middle of a head */
}
