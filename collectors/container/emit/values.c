/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the families with one value per row, and the page faults. */
#include "emit/write.h"

static bool to_write(const struct container_source *source, const struct container_row *row, uint64_t *ret_value)
{
	const struct container_values *values = &row->figures.values;

	*ret_value = values->value[source->value];
	switch (source->when) {
	case WITH_QUOTA:
		return container_has(values, source->value) && container_has(values, VALUE_CPU_QUOTA);
	case OR_ZERO_WITH_MEMORY:
		if (container_has(values, source->value))
			return true;
		*ret_value = 0;
		return container_has(values, VALUE_MEMORY_USAGE) && row->shown != SHOWN_NODE &&
		       !(row->figures.unknown >> source->value & 1);
	case OR_ZERO_WITH_TASKS:
		if (container_has(values, source->value))
			return true;
		*ret_value = 0;
		return container_has(values, VALUE_THREADS) && !(row->figures.unknown >> source->value & 1);
	default:
		return container_has(values, source->value);
	}
}

static void write_values(struct ng_scrape *scrape, const struct container_list *rows, size_t which)
{
	const struct container_source *source = &container_sources[which];
	bool with_cpu = source->when == WITH_CPU, counter = container_families[which].type == NG_COUNTER;
	uint64_t value;

	ng_family(scrape->page, &container_families[which]);
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		if ((row->outdone && !counter) || !to_write(source, row, &value))
			continue;
		struct ng_labels *labels = row->labels;
		if (with_cpu)
			labels = NG_LABELS_WITH(scrape->arena, labels, { "cpu", NG_SPAN("total") });
		if (source->places)
			ng_sample_scaled(scrape->page, labels, value, source->places);
		else
			ng_sample_u64(scrape->page, labels, value);
	}
}

static void write_faults(struct ng_scrape *scrape, const struct container_list *rows)
{
	static const struct {
		enum container_value value;
		const char *type, *scope;
	} kinds[] = {
		{ VALUE_MEMORY_FAULTS, "pgfault", "container" },
		{ VALUE_MEMORY_FAULTS, "pgfault", "hierarchy" },
		{ VALUE_MEMORY_MAJOR_FAULTS, "pgmajfault", "container" },
		{ VALUE_MEMORY_MAJOR_FAULTS, "pgmajfault", "hierarchy" },
	};

	ng_family(scrape->page, container_family(FAMILY_FAULTS));
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		for (size_t k = 0; k < NG_COUNT(kinds); k++) {
			if (container_has(&row->figures.values, kinds[k].value))
				ng_sample_u64(scrape->page,
					NG_LABELS_WITH(scrape->arena, row->labels,
						{ "failure_type", ng_span(kinds[k].type) },
						{ "scope", ng_span(kinds[k].scope) }),
					row->figures.values.value[kinds[k].value]);
		}
	}
}

void container_write_values(struct ng_scrape *scrape, uint32_t sets, const struct container_list *rows)
{
	for (size_t i = 0; i < CONTAINER_VALUE_FAMILIES; i++) {
		if (sets >> container_sources[i].set & 1)
			write_values(scrape, rows, i);
	}
	if (sets >> SET_MEMORY_DETAIL & 1)
		write_faults(scrape, rows);
}
