/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/utf8.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The only global object in the process, like standard error itself. */
static struct {
	pthread_mutex_t lock;
	enum ng_level level;
	bool json, journal;
	unsigned lost;
} log_state = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = NG_LOG_INFO };

struct line {
	char text[2048];
	size_t size;
	bool begun; /* the line has a field already */
};

/* Room for the end of a line: a quote, a bracket, the line feed, and an escape before them. */
enum { TAIL = 16 };

static const char *level_name(enum ng_level level)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	return names[level];
}

/* JOURNAL_STREAM names the device and inode of the journal's socket (systemd.exec(5)). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char own[64];

	if (!stream || fstat(STDERR_FILENO, &status) < 0)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
	return strcmp(stream, own) == 0;
}

void ng_log_init(enum ng_level level, bool json)
{
	log_state.level = level;
	log_state.json = json;
	log_state.journal = is_journal();
}

static void put_byte(struct line *line, char c)
{
	/* the last byte is for the line feed */
	if (line->size < sizeof(line->text) - 1)
		line->text[line->size++] = c;
}

static void put(struct line *line, const char *text)
{
	for (; *text; text++)
		put_byte(line, *text);
}

static void put_escape(struct line *line, unsigned code)
{
	char escape[8];

	snprintf(escape, sizeof(escape), "\\u%04x", code);
	put(line, escape);
}

/*
 * The character at `text` as part of a quoted string; returns its size. Terminals obey control characters, including
 * those from U+0080 on.
 */
static size_t put_character(struct line *line, const char *text)
{
	unsigned char c = (unsigned char)*text;

	if (c == '"' || c == '\\') {
		put_byte(line, '\\');
		put_byte(line, *text);
		return 1;
	}
	if (c < 0x20 || c == 0x7f) {
		put_escape(line, c);
		return 1;
	}
	if (c < 0x80) {
		put_byte(line, *text);
		return 1;
	}
	size_t n = ng_utf8_length(text, strnlen(text, 4));
	if (c == 0xc2 && n == 2 && (unsigned char)text[1] < 0xa0) {
		put_escape(line, (unsigned char)text[1]);
		return n;
	}
	if (n == 0) {
		put(line, "\xef\xbf\xbd");
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		put_byte(line, text[i]);
	return n;
}

/* A quoted string, valid in both logfmt and JSON; truncated if the line has no more room. */
static void put_quoted(struct line *line, const char *text)
{
	put_byte(line, '"');
	while (*text && line->size < sizeof(line->text) - TAIL)
		text += put_character(line, text);
	put_byte(line, '"');
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' || (unsigned char)*text >= 0x7f)
			return false;
	}
	return true;
}

static void put_field(struct line *line, const char *key, const char *value)
{
	bool first = !line->begun;

	/* a field truncated in its name would corrupt the line */
	if (line->size + strlen(key) + sizeof(",\"\":\"") > sizeof(line->text) - TAIL)
		return;
	line->begun = true;
	if (log_state.json) {
		put(line, first ? "\"" : ",\"");
		put(line, key);
		put(line, "\":");
		put_quoted(line, value);
		return;
	}
	if (!first)
		put_byte(line, ' ');
	put(line, key);
	put_byte(line, '=');
	if (is_plain(value))
		put(line, value);
	else
		put_quoted(line, value);
}

static void put_time(struct line *line)
{
	struct timespec now;
	struct tm utc;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, sizeof(text) - n, ".%03ldZ", now.tv_nsec / 1000000);
	put_field(line, "time", text);
}

static void put_lost(struct line *line)
{
	char count[16];

	if (!log_state.lost)
		return;
	snprintf(count, sizeof(count), "%u", log_state.lost);
	put_field(line, "lost_lines", count);
}

static void write_line(const struct line *line)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* a reader that has stopped must not block us: a pipe is writable if a whole line fits */
	if (poll(&ready, 1, 0) == 1 && !(ready.revents & (POLLERR | POLLNVAL)) &&
		write(STDERR_FILENO, line->text, line->size) == (ssize_t)line->size)
		log_state.lost = 0;
	else
		log_state.lost++;
}

void ng_log(enum ng_level level, const char *message, const char *const *fields)
{
	static const char *const priorities[] = { "<3>", "<4>", "<6>", "<7>" };
	struct line line = { .size = 0 };

	if (level > log_state.level)
		return;
	pthread_mutex_lock(&log_state.lock);
	if (log_state.journal)
		put(&line, priorities[level]);
	if (log_state.json)
		put_byte(&line, '{');
	if (!log_state.journal)
		put_time(&line);
	put_field(&line, "level", level_name(level));
	put_field(&line, "msg", message);
	for (; fields[0]; fields += 2) {
		if (fields[1] && *fields[1])
			put_field(&line, fields[0], fields[1]);
	}
	put_lost(&line);
	if (log_state.json)
		put_byte(&line, '}');
	line.text[line.size++] = '\n';
	write_line(&line);
	pthread_mutex_unlock(&log_state.lock);
}

void ng_log_collector(
	void *context, enum ng_level level, const char *message, const char *collector, const char *reason)
{
	(void)context;
	NG_LOG(level, message, "collector", collector, "reason", reason);
}
