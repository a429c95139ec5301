/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loadable collector that tries what it must not do, and reports the errno of each attempt, 0 for success. Its
 * directory, below --path.rootfs, is everyone's to write; of the two files there it lists one as its own to write.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <nodegauge/collector.h>
#include <nodegauge/privilege.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct ng_family families[] = {
	{ .name = "probe_errno", .type = NG_GAUGE, .labels = "attempt", .help = "What an attempt came to." },
	{ .name = "probe_raised", .type = NG_GAUGE, .labels = "capability", .help = "Whether it could be raised." },
};

static int closed(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int run_program(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(errno);
	}
	return child < 0 || waitpid(child, &status, 0) < 0 ? errno : WEXITSTATUS(status);
}

static void attempt(struct ng_scrape *scrape, const char *name, int error)
{
	ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "attempt", ng_span(name) }), (uint64_t)error);
}

static int probe_collect(void *state, struct ng_scrape *scrape)
{
	int root = ng_root_fd(scrape, NG_ROOTFS);

	(void)state;
	ng_family(scrape->page, &families[0]);
	attempt(scrape, "read", closed(openat(root, "other", O_RDONLY | O_CLOEXEC)));
	attempt(scrape, "write", closed(openat(root, "other", O_WRONLY | O_CLOEXEC)));
	attempt(scrape, "truncate", closed(openat(root, "other", O_RDONLY | O_TRUNC | O_CLOEXEC)));
	attempt(scrape, "write listed", closed(openat(root, "own", O_WRONLY | O_CLOEXEC)));
	attempt(scrape, "create", closed(openat(root, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
	attempt(scrape, "make a directory", mkdirat(root, "folder", 0700) < 0 ? errno : 0);
	attempt(scrape, "remove", unlinkat(root, "victim", 0) < 0 ? errno : 0);
	attempt(scrape, "write the null device", closed(open("/dev/null", O_WRONLY | O_CLOEXEC)));
	attempt(scrape, "run", run_program());
	attempt(scrape, "become root", setresuid(0, 0, 0) < 0 ? errno : 0);
	ng_family(scrape->page, &families[1]);
	const struct {
		const char *name;
		int number;
	} tried[] = { { "CAP_SYSLOG", CAP_SYSLOG }, { "CAP_SETUID", CAP_SETUID } };
	for (size_t i = 0; i < NG_COUNT(tried); i++) {
		bool raised = ng_raise(tried[i].number);
		if (raised)
			ng_lower(tried[i].number);
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "capability", ng_span(tried[i].name) }), raised);
	}
	return 0;
}

static const struct ng_privilege privileges[] = {
	{ "CAP_SYSLOG", "nothing: the test looks whether it is kept" },
};

static const struct ng_writable writables[] = {
	{ NG_ROOTFS, "own" },
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "probe",
	.summary = "What this process may do",
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.writables = writables,
	.writable_count = NG_COUNT(writables),
	.collect = probe_collect,
};
NG_COLLECTOR(descriptor);
