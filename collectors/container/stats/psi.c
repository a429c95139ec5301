/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pressure of a cgroup: total times during which some or all of its tasks waited.
 *
 *     cpu.pressure   some avg10=0.00 avg60=0.00 avg300=0.00 total=123456
 *                    full avg10=0.00 avg60=0.00 avg300=0.00 total=6543
 */
#include "stats/psi.h"

#include "kernel/pressure.h"
#include "stats/files.h"

#include <unistd.h>

const char *const container_pressure_files[CONTAINER_RESOURCES] = { "cpu.pressure", "memory.pressure", "io.pressure" };
const char *const container_node_pressure[CONTAINER_RESOURCES] = { "pressure/cpu", "pressure/memory", "pressure/io" };

bool container_read_totals(int fd, uint64_t ret_total[2])
{
	char text[256];
	bool has[2];

	ssize_t n = pread(fd, text, sizeof(text), 0);
	if (n <= 0)
		return false;
	ng_pressure_parse((struct ng_span){ text, (size_t)n }, ret_total, has);
	return has[0];
}

void container_read_pressure(struct ng_scrape *scrape, int directory, const int kept_plus_1[CONTAINER_RESOURCES],
	uint64_t psi[PSI_REASONS], struct container_values *values)
{
	enum container_psi answer = PSI_NO_FILE;
	struct ng_span text;
	uint64_t total[2];
	bool has[2];

	for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
		int kept = kept_plus_1 ? kept_plus_1[i] : 0;
		int r = kept ? ng_read_kept(scrape, kept - 1, NG_VALUE, &text)
			     : container_peek(scrape, directory, NG_VALUE, container_pressure_files[i], &text);
		if (r == -EOPNOTSUPP)
			answer = PSI_SWITCHED_OFF;
		if (r < 0 && kept)
			ng_drop_unread(scrape, r, container_pressure_files[i]);
		if (r < 0)
			continue;
		answer = PSI_READ;
		ng_pressure_parse(text, total, has);
		for (size_t k = 0; k < 2; k++) {
			if (has[k])
				container_set(values, (enum container_value)(VALUE_PRESSURE + 2 * i + k), total[k]);
		}
	}
	psi[answer]++;
}

void container_read_irq_pressure(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	struct ng_span text;
	uint64_t total[2];
	bool has[2];

	if (container_peek(scrape, directory, NG_VALUE, "irq.pressure", &text) < 0)
		return;
	ng_pressure_parse(text, total, has);
	if (has[1])
		container_set(values, VALUE_IRQ_STALLED, total[1]);
}
