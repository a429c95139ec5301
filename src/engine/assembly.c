/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the response from the pages of a gather, in which no family appears twice.
 *
 * If two pages share a family, the samples of the later page are appended to those of the first if the types agree
 * (both cpu and cpufreq have node_cpu_frequency_hertz); otherwise they are left out and counted. A collector that
 * yields (textfile) never adds to a family of another collector.
 */
#include "engine/internal.h"

#include "exposition/stencil.h"

#include <stdio.h>
#include <stdlib.h>

/* A family seen so far. */
struct seen {
	uint64_t serial; /* the slot is empty unless this is the running assembly's */
	struct ng_page_family *first, *last;
};

struct ng_assembly {
	struct seen *slots; /* a power of two of them */
	size_t slot_count, used;
	uint64_t serial;
	struct ng_page **pages; /* in output order */
	bool *yields;
	size_t page_count;
	size_t taken;              /* the page that became the start of the body; SIZE_MAX if none */
	struct ng_labels **labels; /* {collector="..."} of each cell */
};

enum {
	OWN_DURATION,
	OWN_SUCCESS,
	OWN_DROPPED,
	OWN_DROPPED_VALUES,
	OWN_DROPPED_FAMILIES,
	OWN_DROPPED_SAMPLES,
	OWN_COUNT
};
static const struct ng_family own[OWN_COUNT] = {
	[OWN_DURATION] = { .name = "node_scrape_collector_duration_seconds",
		.type = NG_GAUGE,
		.labels = "collector",
		.help = "Time the collector took in this scrape." },
	[OWN_SUCCESS] = { .name = "node_scrape_collector_success",
		.type = NG_GAUGE,
		.labels = "collector",
		.help = "1 if the collector succeeded; 0 if it failed, missed the deadline or had nothing to report." },
	[OWN_DROPPED] = { .name = "nodegauge_collector_dropped_rows_total",
		.type = NG_COUNTER,
		.labels = "collector",
		.help = "Records (devices, processes, lines) left out because they disappeared while being read or "
			"could not be parsed." },
	[OWN_DROPPED_VALUES] = { .name = "nodegauge_collector_dropped_values_total",
		.type = NG_COUNTER,
		.labels = "collector",
		.help = "Values left out because they could not be read or parsed; see the log for details." },
	[OWN_DROPPED_FAMILIES] = { .name = "nodegauge_dropped_families_total",
		.type = NG_COUNTER,
		.help = "Families left out because another collector reports one with the same name." },
	[OWN_DROPPED_SAMPLES] = { .name = "nodegauge_dropped_samples_total",
		.type = NG_COUNTER,
		.help = "Samples left out because another collector reports one with the same name and labels." },
};

const struct ng_writer ng_engine_writer = { .families = own, .family_count = OWN_COUNT };

int ng_assembly_init(struct ng_engine *engine)
{
	const struct ng_engine_config *config = &engine->config;
	size_t count = OWN_COUNT;

	for (size_t i = 0; i < config->writer_count; i++)
		count += config->writers[i].family_count;
	struct ng_assembly *assembly = calloc(1, sizeof(*assembly));
	engine->assembly = assembly;
	engine->own_families = calloc(count, sizeof(*engine->own_families));
	if (!assembly || !engine->own_families)
		return -ENOMEM;
	memcpy(engine->own_families, own, sizeof(own));
	engine->own_count = OWN_COUNT;
	for (size_t i = 0; i < config->writer_count; i++) {
		memcpy(engine->own_families + engine->own_count, config->writers[i].families,
			config->writers[i].family_count * sizeof(*own));
		engine->own_count += config->writers[i].family_count;
	}
	engine->own.known = engine->own_families;
	engine->own.known_count = engine->own_count;
	engine->own.heads = ng_page_heads(&engine->own_memory, engine->own_families, engine->own_count);
	assembly->pages = calloc(engine->cell_count + 1, sizeof(*assembly->pages));
	assembly->yields = calloc(engine->cell_count + 1, sizeof(*assembly->yields));
	assembly->labels = calloc(engine->cell_count + 1, sizeof(*assembly->labels));
	if (!engine->own.heads || !assembly->pages || !assembly->yields || !assembly->labels)
		return -ENOMEM;
	for (size_t i = 0; i < engine->cell_count; i++) {
		struct ng_span name = ng_span(engine->cells[i].collector->name);
		assembly->labels[i] = NG_LABELS(&engine->own_memory, { "collector", name });
		if (!ng_labels_valid(assembly->labels[i]))
			return -ENOMEM;
	}
	return 0;
}

void ng_assembly_done(struct ng_engine *engine)
{
	if (engine->assembly) {
		free(engine->assembly->slots);
		free(engine->assembly->pages);
		free(engine->assembly->yields);
		free(engine->assembly->labels);
	}
	free(engine->assembly);
	free(engine->own_families);
	ng_page_done(&engine->own);
	ng_arena_done(&engine->own_memory);
	ng_arena_done(&engine->own_arena);
	for (size_t i = 0; i < NG_BODIES_KEPT; i++) {
		if (engine->bodies[i])
			ng_body_release(engine->bodies[i]);
	}
}

/* ---- the engine's own families ---- */

static void write_cells(struct ng_engine *engine)
{
	struct ng_labels **labels = engine->assembly->labels;
	struct ng_page *page = &engine->own;

	ng_family(page, &engine->own_families[OWN_DURATION]);
	for (size_t i = 0; i < engine->cell_count; i++) {
		if (engine->cells[i].included)
			ng_sample_scaled(page, labels[i], engine->cells[i].duration, 9);
	}
	ng_family(page, &engine->own_families[OWN_SUCCESS]);
	for (size_t i = 0; i < engine->cell_count; i++) {
		if (engine->cells[i].included)
			ng_sample_u64(page, labels[i], engine->cells[i].result == 0);
	}
	ng_family(page, &engine->own_families[OWN_DROPPED]);
	for (size_t i = 0; i < engine->cell_count; i++) {
		if (engine->cells[i].included && engine->cells[i].dropped)
			ng_sample_u64(page, labels[i], engine->cells[i].dropped);
	}
	ng_family(page, &engine->own_families[OWN_DROPPED_VALUES]);
	for (size_t i = 0; i < engine->cell_count; i++) {
		if (engine->cells[i].included && engine->cells[i].dropped_values)
			ng_sample_u64(page, labels[i], engine->cells[i].dropped_values);
	}
	ng_gauge_u64(page, &engine->own_families[OWN_DROPPED_FAMILIES], engine->dropped_families);
	ng_gauge_u64(page, &engine->own_families[OWN_DROPPED_SAMPLES], engine->dropped_samples);
}

static void write_own(struct ng_engine *engine)
{
	const struct ng_family *families = engine->own_families + OWN_COUNT;
	struct ng_scrape scrape = {
		.page = &engine->own, .arena = &engine->own_arena, .kernel = &engine->kernel, .serial = engine->serial
	};

	ng_page_reset(&engine->own);
	write_cells(engine);
	for (size_t i = 0; i < engine->config.writer_count; i++) {
		const struct ng_writer *writer = &engine->config.writers[i];
		ng_arena_reset(&engine->own_arena);
		writer->write(writer->context, &scrape, families);
		families += writer->family_count;
	}
	ng_page_close(&engine->own);
}

/* ---- the families seen ---- */

static bool make_slots(struct ng_assembly *assembly)
{
	size_t families = 0, wanted = 256;

	for (size_t i = 0; i < assembly->page_count; i++)
		families += assembly->pages[i]->family_count;
	while (wanted < families * 2)
		wanted *= 2;
	if (wanted <= assembly->slot_count && wanted >= assembly->slot_count / 16)
		return true;
	free(assembly->slots);
	assembly->slots = calloc(wanted, sizeof(*assembly->slots));
	assembly->slot_count = assembly->slots ? wanted : 0;
	return assembly->slots != NULL;
}

/* The slot of the family with that name; filled if it was seen before. */
static struct seen *find(struct ng_assembly *assembly, const struct ng_page_family *family)
{
	for (size_t at = family->hash;; at++) {
		struct seen *slot = &assembly->slots[at & (assembly->slot_count - 1)];
		if (slot->serial != assembly->serial ||
			(slot->first->hash == family->hash && ng_span_equal(slot->first->name, family->name)))
			return slot;
	}
}

/* Logs once which collector's samples were left out because another collector has the same ones. */
static void log_clash(struct ng_engine *engine, const struct ng_page *page, struct ng_span sample, const char *why)
{
	const struct ng_cell *cell = engine->cells;
	char text[NG_NOTE_SIZE];

	while (cell < engine->cells + engine->cell_count && &cell->page != page)
		cell++;
	const char *name = cell < engine->cells + engine->cell_count ? cell->collector->name : "";
	snprintf(text, sizeof(text), "%.*s: %s", (int)(sample.size < 150 ? sample.size : 150), sample.text, why);
	if (engine->config.log && ng_is_news(&engine->clashes, text, ng_now()))
		engine->config.log(engine->config.log_context, NG_LOG_WARN, "duplicate left out", name, text);
}

/* Appends another family with the same name to the first one, or leaves it out. Returns whether it was appended. */
static bool join(struct ng_engine *engine, struct seen *slot, struct ng_page_family *family, bool yields)
{
	family->elsewhere = true;
	if (yields || family->type != slot->first->type) {
		engine->dropped_families++;
		log_clash(engine, family->page, family->name, "another collector reports a family with this name");
		return false;
	}
	slot->last->next = family;
	slot->last = family;
	return true;
}

/* Returns whether any family has samples from several pages. */
static bool join_families(struct ng_engine *engine)
{
	struct ng_assembly *assembly = engine->assembly;
	bool joined = false;

	assembly->serial++;
	for (size_t i = 0; i < assembly->page_count; i++) {
		struct ng_page *page = assembly->pages[i];
		for (size_t k = 0; k < page->family_count; k++) {
			struct ng_page_family *family = &page->families[k];
			struct seen *slot = find(assembly, family);
			if (slot->serial == assembly->serial)
				joined = join(engine, slot, family, assembly->yields[i]) || joined;
			else
				*slot = (struct seen){ assembly->serial, family, family };
		}
	}
	return joined;
}

/* Leaves out samples that an earlier page has; false if there is no memory to find them. */
static bool refuse_twins(struct ng_engine *engine, struct ng_page *page)
{
	bool alike;

	for (size_t i = 0; i < page->family_count; i++) {
		if (page->families[i].elsewhere || !page->families[i].next)
			continue;
		page->twins.refused = 0;
		size_t refused = ng_twins_refuse(page, &page->families[i], &alike);
		if (refused)
			log_clash(engine, NULL, page->twins.first_refused, "another collector reports this sample");
		engine->dropped_samples += refused;
	}
	return page->error == 0;
}

/* ---- the response ---- */

static void list_pages(struct ng_engine *engine)
{
	struct ng_assembly *assembly = engine->assembly;

	assembly->page_count = 0;
	assembly->pages[assembly->page_count++] = &engine->own;
	for (int yields = 0; yields <= 1; yields++) {
		for (size_t i = 0; i < engine->cell_count; i++) {
			struct ng_cell *cell = &engine->cells[i];
			if (!cell->included || cell->result < 0 || cell->collector->yields != yields)
				continue;
			assembly->yields[assembly->page_count] = yields;
			assembly->pages[assembly->page_count++] = &cell->page;
		}
	}
}

static struct ng_body *free_body(struct ng_engine *engine)
{
	size_t i;

	for (i = 0; i < NG_BODIES_KEPT && engine->bodies[i]; i++) {
		if (atomic_load(&engine->bodies[i]->references) == 1) {
			atomic_fetch_add(&engine->bodies[i]->references, 1);
			return engine->bodies[i];
		}
	}
	struct ng_body *body = calloc(1, sizeof(*body));
	if (!body)
		return NULL;
	atomic_init(&body->references, 1);
	if (i < NG_BODIES_KEPT) {
		engine->bodies[i] = body;
		atomic_fetch_add(&body->references, 1);
	}
	return body;
}

void ng_body_release(struct ng_body *body)
{
	if (atomic_fetch_sub(&body->references, 1) != 1)
		return;
	for (size_t i = 0; i < NG_FORMATS; i++) {
		ng_encoded_done(&body->encoded[i]);
		free(body->packed[i].bytes);
	}
	free(body);
}

/* Its memory is returned to the system with the last reference. */
static void let_go(struct ng_engine *engine, struct ng_body *body)
{
	size_t at = 0;

	while (at < NG_BODIES_KEPT && engine->bodies[at] != body)
		at++;
	if (at == NG_BODIES_KEPT)
		return;
	size_t last = at;
	while (last + 1 < NG_BODIES_KEPT && engine->bodies[last + 1])
		last++;
	engine->bodies[at] = engine->bodies[last];
	engine->bodies[last] = NULL;
	ng_body_release(body);
}

static void reset_body(const struct ng_engine *engine, struct ng_body *body)
{
	for (size_t i = 0; i < NG_FORMATS; i++) {
		struct ng_encoded *encoded = &body->encoded[i];
		bool packed = engine->packed >> i & 1;
		ng_encoded_reset(encoded, packed);
		encoded->gzip = engine->gzip ? engine->gzip[i] : NULL;
		encoded->packed = &body->packed[i];
		encoded->keep = packed ? NG_STENCIL_MAX : NG_PLAIN_ROOM;
		body->packed[i].size = 0;
	}
	body->serial = engine->serial;
}

/*
 * Encodes page after page; each returns its memory once it has been encoded, so that no large amount is needed twice.
 */
static void encode_pages(struct ng_engine *engine, struct ng_body *body)
{
	const struct ng_assembly *assembly = engine->assembly;

	for (size_t i = 0; i < assembly->page_count; i++) {
		for (unsigned format = 0; format < NG_FORMATS; format++) {
			if (engine->formats >> format & 1)
				ng_encode(&body->encoded[format], (enum ng_format)format, assembly->pages[i]);
		}
		ng_page_trim(assembly->pages[i], NG_KEEP_ROOM);
	}
	for (unsigned format = 0; format < NG_FORMATS; format++) {
		if (engine->formats >> format & 1)
			ng_encode_end(&body->encoded[format], (enum ng_format)format);
	}
}

/* The error that the response failed with, if any. */
static int error_of(const struct ng_engine *engine, const struct ng_body *body)
{
	int error = engine->own.error;

	for (size_t i = 0; i < NG_FORMATS; i++)
		error = error ? error : body->encoded[i].error;
	return error;
}

static bool is_large(const struct ng_body *body)
{
	size_t capacity = 0;

	for (size_t i = 0; i < NG_FORMATS; i++)
		capacity += body->encoded[i].folded + body->encoded[i].capacity;
	return capacity > NG_KEEP_ROOM;
}

struct ng_body *ng_assemble(struct ng_engine *engine)
{
	struct ng_assembly *assembly = engine->assembly;
	struct ng_body *body = free_body(engine);

	if (!body)
		return NULL;
	reset_body(engine, body);
	write_own(engine);
	list_pages(engine);
	bool ready = !engine->own.error && make_slots(assembly), joined = ready && join_families(engine);
	for (size_t i = 0; joined && ready && i < assembly->page_count; i++)
		ready = refuse_twins(engine, assembly->pages[i]);
	if (ready)
		encode_pages(engine, body);
	if (is_large(body))
		let_go(engine, body);
	if (!ready || error_of(engine, body)) {
		ng_body_release(body);
		return NULL;
	}
	return body;
}
