/* SPDX-License-Identifier: Apache-2.0 */
/* The state shared by the steps of --migrate: the words of the command line, and what is lost or changed. */
#include "config/environment.h"
#include "config/migrate_internal.h"

#include <fcntl.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

int ng_migrate_read(struct ng_arena *memory, const char *path, struct ng_span *ret_text)
{
	NG_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	char *text = ng_alloc(memory, FILE_MAX);
	if (!text)
		return -ENOMEM;
	while ((n = read(fd, text + size, FILE_MAX - size)) > 0)
		size += (size_t)n;
	if (n < 0)
		return -errno;
	if (size == FILE_MAX)
		return -EFBIG;
	*ret_text = (struct ng_span){ text, size };
	return 0;
}

/* ---- the result ---- */

static void add_note(struct ng_migration *migration, struct ng_note **notes, size_t *count, size_t *capacity,
	const char *flag, const char *reason)
{
	struct ng_note *note = ng_push(migration->memory, notes, count, capacity);

	if (note)
		*note = (struct ng_note){ flag, reason };
	migration->no_memory |= !note || !flag || !reason;
}

void ng_migrate_lose(struct ng_migration *migration, const char *flag, const char *reason)
{
	add_note(migration, &migration->lost, &migration->lost_count, &migration->lost_capacity, flag, reason);
}

void ng_migrate_change(struct ng_migration *migration, const char *flag, const char *reason)
{
	add_note(migration, &migration->changed, &migration->changed_count, &migration->changed_capacity, flag, reason);
}

void ng_migrate_lose_protection(struct ng_migration *migration, const char *what)
{
	migration->protection =
		migration->protection ? ng_migrate_join(migration, migration->protection, ", ", what) : what;
	migration->no_memory |= !migration->protection;
}

/* ---- words ---- */

static void push_word(struct ng_migration *migration, const char *word)
{
	const char **slot =
		ng_push(migration->memory, &migration->words, &migration->word_count, &migration->word_capacity);

	if (slot)
		*slot = word;
	migration->no_memory |= !slot || !word;
}

/* @FILE stands for the arguments in FILE, one per line, in both node_exporter and nodegauge. */
void ng_migrate_push(struct ng_migration *migration, const char *word)
{
	struct ng_span text, line;

	if (word[0] != '@') {
		push_word(migration, word);
		return;
	}
	int r = ng_migrate_read(migration->memory, word + 1, &text);
	if (r < 0) {
		ng_migrate_lose(migration, word,
			ng_migrate_join(migration, "cannot read the flags in it: ", strerror(-r), NULL));
		return;
	}
	while (ng_line_next(&text, &line)) {
		line = ng_trim(line);
		if (line.size && line.text[0] != '#')
			push_word(migration, ng_copy(migration->memory, line).text);
	}
}

void ng_migrate_push_words(struct ng_migration *migration, struct ng_span value)
{
	const char *word;

	while ((word = ng_environment_word(migration->memory, &value)))
		ng_migrate_push(migration, word);
}
