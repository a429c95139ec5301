/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of --migrate: migrate_source.c and migrate_unit.c find the words, migrate_flags.c judges them, migrate.c
 * prints the result; migrate_words.c has what they share.
 */
#ifndef CONFIG_MIGRATE_INTERNAL_H
#define CONFIG_MIGRATE_INTERNAL_H

#include "base/error.h"
#include "config/options.h"

struct ng_note {
	const char *flag, *reason;
};

struct ng_migration {
	struct ng_options *options;
	struct ng_arena *memory;
	/* what node_exporter is started with */
	const char **words;
	size_t word_count, word_capacity;
	bool debian; /* Debian's package, which has its own defaults */
	/* the result */
	const char **kept;
	size_t kept_count, kept_capacity;
	struct ng_note *lost, *changed;
	size_t lost_count, lost_capacity, changed_count, changed_capacity;
	const char *protection;     /* the protection that is lost: "TLS and authentication"; NULL if none */
	const char *open_addresses; /* the addresses that were protected, as flags */
	bool disables_defaults;
	bool no_memory;
};

/* Reads a file of at most 1 MiB. 0 or a negative errno. */
int ng_migrate_read(struct ng_arena *memory, const char *path, struct ng_span *ret_text);

/* Fills in the words from a unit or an environment file. On a negative errno, `error` says what is wrong with it. */
int ng_migrate_find_words(struct ng_migration *migration, const char *path, struct ng_error *error);

int ng_migrate_take_unit(struct ng_migration *migration, const char *path, struct ng_span text, struct ng_error *error);

/* Adds a word, or those in the file of an @FILE; all words of a variable's value. */
void ng_migrate_push(struct ng_migration *migration, const char *word);
void ng_migrate_push_words(struct ng_migration *migration, struct ng_span value);

/* Sorts the words into what is kept, lost and changed. */
void ng_migrate_judge(struct ng_migration *migration);

void ng_migrate_lose(struct ng_migration *migration, const char *flag, const char *reason);
void ng_migrate_change(struct ng_migration *migration, const char *flag, const char *reason);
void ng_migrate_lose_protection(struct ng_migration *migration, const char *what);

static inline const char *ng_migrate_join(struct ng_migration *migration, const char *a, const char *b, const char *c)
{
	return ng_join(migration->memory, a, b, c);
}

/* The part after the last slash. */
static inline struct ng_span ng_migrate_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return ng_span(slash ? slash + 1 : path);
}

#endif
