/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Usage of containers that were removed before they were last read.
 *
 * A removed cgroup cannot be read, but its usage remains in its pod's figures. So the pod's total minus that of its
 * living children minus what is known of the removed ones is what is missing. If one child was removed since the last
 * settlement, all of it is that child's. If there were several, it is unknown how much each of them used: each keeps
 * what was read of it, and the rest is reported for the pod.
 *
 * Files are read one after the other. The children are read both before and after the pod: the figures are consistent
 * only if the children have not moved and the tree has reported no change in between.
 *
 * Kernel: kernel/cgroup/rstat.c (CPU time and I/O of a dying cgroup are propagated to its parent), mm/memcontrol.c (an
 * event is counted in the cgroup and in its ancestors).
 */
#include "settle/settle.h"

#include "rows.h"
#include "stats/io.h"
#include "stats/read.h"

#include <stdlib.h>

enum { TRIES = 4, PAUSE_FACTOR = 4 };
static const uint64_t retry_ns = 10u * UINT64_C(1000000);

/*
 * If the children never stand still for this long, their usage during the reading is left out and picked up the next
 * time. If the tree is never quiet, others may have come and gone.
 */
enum { LOOSE_AFTER = 6, UNCERTAIN_AFTER = 10, LONGEST_SHIFT = 8 };

/* ---- life ---- */

static void list(struct container_settlement *settlement, struct container_account *account)
{
	if (account->listed)
		return;
	account->listed = true;
	account->next = settlement->accounts;
	settlement->accounts = account;
}

static void unlist(struct container_settlement *settlement, struct container_account *account)
{
	struct container_account **link = &settlement->accounts;

	while (*link && *link != account)
		link = &(*link)->next;
	if (*link)
		*link = account->next;
	account->listed = false;
}

static uint64_t lost_events(const struct container_settlement *settlement)
{
	struct ng_cgroups_state tree;

	ng_cgroups_state(settlement->cgroups, &tree);
	/* beyond the limit there are cgroups that we do not know about either */
	return tree.overflows + tree.refused;
}

/* Usage from before a pod was known cannot be attributed; all usage of a pod created since then is its children's. */
void container_account_open(struct container_settlement *settlement, struct ng_cgroup *pod)
{
	struct container_account *account = calloc(1, sizeof(*account));

	container_group(pod)->settled.account = account;
	if (!account)
		return;
	account->pod = pod;
	account->based = pod->born;
	account->lost_events = lost_events(settlement);
	list(settlement, account);
}

static void forget_rows(struct container_settlement *settlement, const struct ng_cgroup *pod)
{
	for (struct container_row *row = settlement->model->leaving; row; row = row->next)
		row->unsettled = row->unsettled && row->pod != pod->generation;
}

void container_account_close(struct container_settlement *settlement, struct ng_cgroup *pod)
{
	struct container_account *account = container_group(pod)->settled.account;

	if (!account)
		return;
	settlement->lost[CONTAINER_LOST_POD_GONE] += account->unread;
	forget_rows(settlement, pod);
	unlist(settlement, account);
	container_counts_done(&account->known);
	container_counts_done(&account->missing_counts);
	free(account);
	container_group(pod)->settled.account = NULL;
}

void container_account_gone(struct container_settlement *settlement, struct ng_cgroup *child)
{
	struct container_account *account = container_group(child->parent)->settled.account;
	struct container_group *group = container_group(child);
	struct container_row *row = group->row;

	if (!account)
		return;
	account->missing++;
	account->unread += row && !row->ended && row->naming != NAMING_SANDBOX;
	if (row && row->figures.values.present) {
		account->incomplete =
			container_counts_add(&account->missing_counts, &row->figures) < 0 || account->incomplete;
	} else {
		for (size_t i = 0; i < CONTAINER_COUNTS && group->settled.counts; i++)
			account->missing_counts.value[i] += group->settled.counts[i];
	}
	if (row) {
		row->unsettled = true;
		row->pod = child->parent->generation;
	}
	list(settlement, account);
}

void container_account_missed(struct container_settlement *settlement, struct ng_cgroup *pod, struct container_row *row)
{
	struct container_account *account = container_group(pod)->settled.account;

	if (!account)
		return;
	account->missing++;
	account->unread++;
	if (row) {
		row->unsettled = true;
		row->pod = pod->generation;
	}
	list(settlement, account);
}

/* ---- reading ---- */

struct pass {
	struct ng_scrape *scrape;
	struct container_settlement *settlement;
	bool io; /* the I/O of all cgroups is known */
};

static int read_one(struct pass *pass, const struct ng_cgroup *group, struct container_counts *sum)
{
	struct container_figures *figures = &pass->settlement->settling.figures;
	bool io;

	int r = container_read_counters(pass->scrape, pass->settlement->reader, group, figures, &io);
	pass->io = pass->io && io;
	return r < 0 ? r : container_counts_add(sum, figures);
}

static int read_children(struct pass *pass, const struct ng_cgroup *pod, struct container_counts *sum)
{
	container_counts_clear(sum);
	for (struct ng_cgroup *at = pod->first; at; at = at->next) {
		struct container_counts own = { .devices = { 0 } };
		struct container_group *group = container_group(at);
		memcpy(own.value, sum->value, sizeof(own.value));
		int r = read_one(pass, at, sum);
		if (r < 0)
			return r;
		if (!group->settled.counts)
			group->settled.counts = calloc(CONTAINER_COUNTS, sizeof(*group->settled.counts));
		for (size_t i = 0; group->settled.counts && i < CONTAINER_COUNTS; i++)
			group->settled.counts[i] = sum->value[i] - own.value[i];
	}
	return 0;
}

/* Events at the pod's own limit belong to the pod, not to a child. */
static int read_pod(struct pass *pass, const struct ng_cgroup *pod, struct container_counts *sum)
{
	struct container_values own = { 0 };

	container_counts_clear(sum);
	int r = read_one(pass, pod, sum);
	if (r < 0)
		return r;
	bool known = container_read_own_events(pass->scrape, pass->settlement->reader, pod, &own) == 0;
	for (size_t i = COUNT_EVENTS; i < CONTAINER_COUNTS; i++)
		sum->value[i] = known ? container_less(sum->value[i], own.value[container_count_values[i]]) : 0;
	return 0;
}

/* Sums the usage of all removed children into ->total; -EAGAIN if the figures are inconsistent. */
static int read_gone(struct pass *pass, struct container_account *account)
{
	struct container_settling *settling = &pass->settlement->settling;
	bool still = false;
	size_t now = 0;

	int r = read_children(pass, account->pod, &settling->sum[0]);
	for (size_t i = 0; r == 0 && i < TRIES && !still; i++) {
		r = read_pod(pass, account->pod, &settling->total);
		now = !now;
		if (r == 0)
			r = read_children(pass, account->pod, &settling->sum[now]);
		still = r == 0 && container_counts_same(&settling->sum[0], &settling->sum[1]);
	}
	if (r < 0 || (!still && account->failures < LOOSE_AFTER))
		return r < 0 ? r : -EAGAIN;
	container_counts_take(&settling->total, &settling->sum[now]);
	if (!ng_cgroups_pending(pass->settlement->cgroups))
		return 0;
	if (account->failures < UNCERTAIN_AFTER)
		return -EAGAIN;
	account->incomplete = true;
	return 0;
}

/* ---- settling ---- */

static struct container_row *find_row(struct container_settlement *settlement, const struct ng_cgroup *pod)
{
	for (struct container_row *row = settlement->model->leaving; row; row = row->next) {
		if (row->unsettled && row->pod == pod->generation)
			return row;
	}
	return NULL;
}

static void raise(struct container_values *values, enum container_value which, uint64_t to)
{
	if (!container_has(values, which) || values->value[which] < to)
		container_set(values, which, to);
}

/*
 * The kernel scales user and system time to the usage of each cgroup, so they do not add up: they are limited to what
 * is missing in total.
 */
static void give_time(struct container_values *values, const struct container_counts *part)
{
	uint64_t usage = container_has(values, VALUE_CPU_USAGE) ? values->value[VALUE_CPU_USAGE] : 0;
	uint64_t user = container_has(values, VALUE_CPU_USER) ? values->value[VALUE_CPU_USER] : 0;
	uint64_t system = container_has(values, VALUE_CPU_SYSTEM) ? values->value[VALUE_CPU_SYSTEM] : 0;
	uint64_t more = container_less(part->value[COUNT_USAGE], usage),
		 more_user = container_less(part->value[COUNT_USER], user);

	more_user = more_user < more ? more_user : more;
	container_set(values, VALUE_CPU_USAGE, usage + more);
	container_set(values, VALUE_CPU_USER, user + more_user);
	container_set(values, VALUE_CPU_SYSTEM, system + more - more_user);
}

static void give(struct container_settlement *settlement, struct container_row *row, struct container_counts *part,
	const struct container_values *pod, bool io)
{
	struct container_values *values = &row->figures.values;
	uint64_t kills = container_has(values, VALUE_EVENTS_OOM_KILL) ? values->value[VALUE_EVENTS_OOM_KILL] : 0;

	give_time(values, part);
	for (size_t i = COUNT_EVENTS; i < CONTAINER_COUNTS; i++) {
		if (part->value[i] || container_has(values, (enum container_value)container_count_values[i]))
			raise(values, (enum container_value)container_count_values[i], part->value[i]);
	}
	if (container_has(values, VALUE_EVENTS_MAX))
		container_set(values, VALUE_MEMORY_FAILCNT, values->value[VALUE_EVENTS_MAX]);
	if (part->value[COUNT_OOM_KILL] > kills)
		container_set(values, VALUE_LAST_OOM_KILL,
			pod && container_has(pod, VALUE_LAST_OOM_KILL) ? pod->value[VALUE_LAST_OOM_KILL]
								       : container_wall_clock());
	for (uint32_t i = 0; io && i < part->devices.count; i++) {
		struct container_device *from = &part->devices.device[i],
					*to = container_device_of(&row->figures.devices, from->major, from->minor);
		for (size_t k = 0; to && k < CONTAINER_DEVICE_COUNTS; k++) {
			if (*container_device_value(to, k) < *container_device_value(from, k))
				*container_device_value(to, k) = *container_device_value(from, k);
		}
	}
	container_row_show_again(settlement->model, row);
}

static void report_for_pod(struct container_account *account, struct container_counts *part, bool io)
{
	container_counts_take(part, &account->missing_counts);
	account->lost[CONTAINER_LOST_CPU] += part->value[COUNT_USAGE];
	account->lost[CONTAINER_LOST_KILLS] += part->value[COUNT_OOM_KILL];
	for (uint32_t i = 0; io && i < part->devices.count; i++) {
		account->lost[CONTAINER_LOST_READ] += part->devices.device[i].read_bytes;
		account->lost[CONTAINER_LOST_WRITTEN] += part->devices.device[i].written_bytes;
	}
}

static void count_lost(
	struct container_settlement *settlement, const struct container_account *account, bool certain, uint64_t usage)
{
	if (!account->based || (!certain && (account->unread || usage)))
		settlement->lost[CONTAINER_LOST_UNWATCHED] += account->unread || !account->based ? account->unread : 1;
	else if (account->missing > 1)
		settlement->lost[CONTAINER_LOST_TOGETHER] += account->unread;
	else if (!account->missing && usage)
		settlement->lost[CONTAINER_LOST_UNWATCHED]++;
}

/* ->total is the usage of all removed children; the part already attributed is in ->known. */
static int commit(struct container_settlement *settlement, struct container_account *account, bool io)
{
	struct container_counts *total = &settlement->settling.total, *part = &settlement->settling.sum[0];
	const struct container_row *pod = container_group(account->pod)->row;
	struct ng_cgroups_state tree;

	container_counts_clear(part);
	memcpy(part->value, total->value, sizeof(part->value));
	if (container_counts_add_devices(&part->devices, &total->devices) < 0)
		return -ENOMEM;
	container_counts_take(part, &account->known);
	ng_cgroups_state(settlement->cgroups, &tree);
	bool certain = !tree.polling && account->lost_events == lost_events(settlement) && !account->incomplete;
	struct container_row *row =
		account->based && certain && account->missing == 1 ? find_row(settlement, account->pod) : NULL;
	if (row) {
		give(settlement, row, part, pod ? &pod->figures.values : NULL, io && !account->no_io);
		/*
		 * due to rounding, the usage read earlier may exceed what is missing by 1 us: the next container gets
		 * that less
		 */
		total->value[COUNT_USAGE] += row->figures.values.value[VALUE_CPU_USAGE] - part->value[COUNT_USAGE];
	} else if (!account->based || account->missing != 1 || !certain) {
		if (account->based)
			report_for_pod(account, part, io && !account->no_io);
		count_lost(settlement, account, certain, part->value[COUNT_USAGE]);
	}
	/* from here on both belong to this object */
	struct container_counts spare = account->known;
	account->known = *total;
	*total = spare;
	account->no_io = !io;
	account->based = true;
	account->incomplete = false;
	account->lost_events = lost_events(settlement);
	account->missing = account->unread = 0;
	container_counts_clear(&account->missing_counts);
	forget_rows(settlement, account->pod);
	return 0;
}

static bool settle(struct ng_scrape *scrape, struct container_settlement *settlement, struct container_account *account,
	uint64_t now)
{
	struct pass pass = { .scrape = scrape, .settlement = settlement, .io = true };

	int r = read_gone(&pass, account);
	if (r == 0)
		r = commit(settlement, account, pass.io);
	account->failures = r < 0 ? account->failures + 1 : 0;
	uint64_t over = ng_now(), pause = (over - now) * PAUSE_FACTOR;
	unsigned shift = account->failures < LONGEST_SHIFT ? account->failures : LONGEST_SHIFT;
	uint64_t longer = r < 0 ? retry_ns << shift : 0;
	account->again = over + (pause > longer ? pause : longer);
	return r == 0;
}

void container_accounts_settle(struct ng_scrape *scrape, struct container_settlement *settlement, bool all)
{
	struct container_account *next;

	for (struct container_account *account = settlement->accounts; account; account = next) {
		uint64_t now = ng_now();
		next = account->next;
		if ((all || account->missing) && now >= account->again && settle(scrape, settlement, account, now))
			unlist(settlement, account);
	}
}

uint64_t container_accounts_next(const struct container_settlement *settlement)
{
	uint64_t next = UINT64_MAX;

	for (const struct container_account *account = settlement->accounts; account; account = account->next)
		next = account->again < next ? account->again : next;
	return next;
}

void container_accounts_done(struct container_settlement *settlement)
{
	container_counts_done(&settlement->settling.sum[0]);
	container_counts_done(&settlement->settling.sum[1]);
	container_counts_done(&settlement->settling.total);
	container_figures_done(&settlement->settling.figures);
}
