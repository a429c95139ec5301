/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bonded interfaces: how many slaves they have and how many of these are up.
 *
 *     class/net/bonding_masters                             bond0 bond1
 *     class/net/bond0/bonding/slaves                        eth0 eth1
 *     class/net/bond0/lower_eth0/bonding_slave/mii_status   up
 *
 * Source: Documentation/networking/bonding.rst, drivers/net/bonding/bond_sysfs.c. Before Linux 3.19, the links to the
 * slaves were called slave_eth0. Without the module, there is no list of masters.
 */
#include <nodegauge/collector.h>

struct bonding {
	struct ng_file masters;
};

static const struct ng_family families[] = {
	{ .name = "node_bonding_slaves",
		.help = "Slaves of the bonded interface.",
		.type = NG_GAUGE,
		.labels = "master" },
	{ .name = "node_bonding_active",
		.help = "Slaves of the bonded interface whose link is up.",
		.type = NG_GAUGE,
		.labels = "master" },
};

struct row {
	struct ng_labels *labels;
	uint64_t slaves, active;
	bool active_known; /* each slave's status could be read */
};

static int read_status(struct ng_scrape *scrape, int master, struct ng_span slave, struct ng_span *ret_status)
{
	static const char *const prefixes[] = { "lower_", "slave_" };
	const char *name = ng_copy(scrape->arena, slave).text;
	int r = name ? -ENOENT : -ENOMEM;

	for (size_t i = 0; i < NG_COUNT(prefixes) && r == -ENOENT; i++) {
		const char *path = ng_join(scrape->arena, prefixes[i], name, "/bonding_slave/mii_status");
		r = path ? ng_read_value_at(scrape, master, path, ret_status) : -ENOMEM;
	}
	return r;
}

/* Counts the slave although its status is unknown. */
static int leave_out_status(struct ng_scrape *scrape, const char *master, struct ng_span slave, int error)
{
	const char *name = ng_copy(scrape->arena, slave).text;
	const char *path = name ? ng_join(scrape->arena, master, "/", name) : NULL;

	if (error == -ENOMEM || !path)
		return -ENOMEM;
	if (ng_absent(error))
		ng_drop(scrape); /* it is leaving the bond */
	else
		ng_drop_unread(scrape, error, path);
	return 0;
}

static int read_master(struct ng_scrape *scrape, int net, const char *name, struct row *ret_row)
{
	NG_CLOSE int master = -1;
	struct ng_span slaves, slave, status;

	*ret_row = (struct row){ 0 };
	int r = ng_directory_at(scrape, net, name, &master);
	if (r == 0)
		r = ng_read_at(scrape, master, NG_VALUE, "bonding/slaves", &slaves);
	if (r < 0)
		return r;
	ret_row->active_known = true;
	slaves = ng_trim(slaves);
	while (ng_word_next(&slaves, &slave)) {
		ret_row->slaves++;
		r = read_status(scrape, master, slave, &status);
		if (r == 0) {
			ret_row->active += ng_span_equal(status, NG_SPAN("up"));
			continue;
		}
		ret_row->active_known = false;
		r = leave_out_status(scrape, name, slave, r);
		if (r < 0)
			return r;
	}
	ret_row->labels = NG_LABELS(scrape->arena, { "master", ng_span(name) });
	return 0;
}

static int read_masters(struct ng_scrape *scrape, struct ng_span masters, struct row **rows, size_t *count)
{
	NG_CLOSE int net = -1;
	struct ng_span master;
	size_t capacity = 0;

	masters = ng_trim(masters);
	if (!masters.size)
		return 0;
	int r = ng_directory(scrape, NG_SYS, "class/net", &net);
	if (r < 0)
		return r;
	while (ng_word_next(&masters, &master)) {
		const char *name = ng_copy(scrape->arena, master).text;
		struct row row;
		r = name ? read_master(scrape, net, name, &row) : -ENOMEM;
		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			ng_drop(scrape);
			if (!ng_absent(r)) {
				ng_failed(scrape, r, "read", name);
				ng_note(scrape);
			}
			continue;
		}
		struct row *place = ng_push(scrape->arena, rows, count, &capacity);
		if (!place)
			return -ENOMEM;
		*place = row;
	}
	return 0;
}

static int bonding_collect(void *state, struct ng_scrape *scrape)
{
	struct bonding *bonding = state;
	struct ng_span masters;
	struct row *rows = NULL;
	size_t count = 0;

	int r = ng_file_read(scrape, &bonding->masters, &masters);
	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	r = read_masters(scrape, masters, &rows, &count);
	if (r < 0)
		return r;
	ng_family(scrape->page, &families[0]);
	for (size_t i = 0; i < count; i++)
		ng_sample_u64(scrape->page, rows[i].labels, rows[i].slaves);
	ng_family(scrape->page, &families[1]);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].active_known)
			ng_sample_u64(scrape->page, rows[i].labels, rows[i].active);
	}
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(bonding, masters, NG_SYS, NG_VALUE, "class/net/bonding_masters"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "bonding",
	.summary = "Slaves of bonded interfaces and how many are up",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct bonding),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = bonding_collect,
};
NG_COLLECTOR(descriptor);
