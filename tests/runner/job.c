/* SPDX-License-Identifier: Apache-2.0 */
/* Tests as processes, several at a time. */
#include "job.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the test in this process ---- */

static struct {
	char reason[1024], note[256];
	bool failed, skipped;
	uint64_t until; /* CLOCK_MONOTONIC ns */
} test;

bool test_fail(const char *format, ...)
{
	va_list arguments;

	if (test.failed)
		return false;
	test.failed = true;
	va_start(arguments, format);
	vsnprintf(test.reason, sizeof(test.reason), format, arguments);
	va_end(arguments);
	return false;
}

bool test_failed(void)
{
	return test.failed;
}

void test_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(test.note, sizeof(test.note), format, arguments);
	va_end(arguments);
}

void test_skip(const char *format, ...)
{
	va_list arguments;

	test.skipped = true;
	va_start(arguments, format);
	vsnprintf(test.note, sizeof(test.note), format, arguments);
	va_end(arguments);
}

bool test_has_time(void)
{
	return ng_now() < test.until;
}

size_t spread(size_t i, size_t count)
{
	if (count < 2)
		return 0;
	size_t step = (size_t)((double)count * 0.6180339887498949) | 1;

	/* a step without a common divisor visits all indexes */
	for (;; step++) {
		size_t a = step, b = count;
		while (b) {
			size_t rest = a % b;
			a = b;
			b = rest;
		}
		if (a == 1)
			return (size_t)((unsigned __int128)i * step % count);
	}
}

/* ---- processes ---- */

struct job {
	const struct mode *mode;
	const struct test_case *a, *b;
	pid_t pid;
	int output; /* a file in memory */
	uint64_t until;
};

static struct {
	unsigned processes;
	struct job *running;
	struct job_counts counts;
} run;

void jobs_init(unsigned processes)
{
	run.processes = processes ? processes : 1;
	run.running = calloc(run.processes, sizeof(*run.running));
	if (!run.running)
		abort();
}

struct job_counts jobs_done(void)
{
	free(run.running);
	return run.counts;
}

static void job_name(const struct job *job, char *name, size_t size)
{
	if (!job->a)
		snprintf(name, size, "%s", job->mode->name);
	else if (!job->b || job->a == job->b)
		snprintf(name, size, "%s %s/%s", job->mode->name, job->a->collector, job->a->name);
	else
		snprintf(name, size, "%s %s/%s+%s", job->mode->name, job->a->collector, job->a->name, job->b->name);
}

static void job_main(const struct job *job)
{
	char name[256];

	job_name(job, name, sizeof(name));
	if (job->b)
		job->mode->run_pair(job->a, job->b);
	else if (job->a)
		job->mode->run(job->a);
	else
		job->mode->run_once();
	if (test.failed)
		printf("FAIL %s: %s\n", name, test.reason);
	else
		printf("%s %s%s%s\n", test.skipped ? "skip" : "ok", name, *test.note ? ": " : "", test.note);
	exit(test.failed);
}

enum verdict { SAID_NOTHING, SAID_OK, SAID_SKIP, SAID_FAIL };

static enum verdict verdict_of(struct ng_span line)
{
	return ng_span_starts(line, NG_SPAN("ok "))     ? SAID_OK
	       : ng_span_starts(line, NG_SPAN("skip ")) ? SAID_SKIP
	       : ng_span_starts(line, NG_SPAN("FAIL ")) ? SAID_FAIL
							: SAID_NOTHING;
}

/* Copies the output of the process and finds its final line. */
static enum verdict show_output(int output)
{
	char *text = NULL;
	off_t size = lseek(output, 0, SEEK_END);
	enum verdict said = SAID_NOTHING;

	if (size > 0)
		text = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, output, 0);
	if (text && text != MAP_FAILED) {
		struct ng_span rest = { text, (size_t)size };
		while (rest.size) {
			size_t n = ng_span_find(rest, '\n');
			struct ng_span line = { rest.text, n };
			said = verdict_of(line) ? verdict_of(line) : said;
			printf("%.*s\n", (int)n, line.text);
			rest = ng_span_skip(rest, n + 1);
		}
		munmap(text, (size_t)size);
	}
	return said;
}

static void job_end(struct job *job, int status)
{
	char name[256];
	enum verdict said = show_output(job->output);

	close(job->output);
	job->pid = 0;
	job_name(job, name, sizeof(name));
	if (WIFSIGNALED(status))
		printf("FAIL %s: ended by signal %d (%s)\n", name, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (said != SAID_FAIL && (said == SAID_NOTHING || WEXITSTATUS(status)))
		printf("FAIL %s: ended with status %d\n", name, WEXITSTATUS(status));
	if (status || said == SAID_NOTHING)
		run.counts.failed++;
	else if (said == SAID_SKIP)
		run.counts.skipped++;
	else
		run.counts.passed++;
	fflush(stdout);
}

static void end_late_jobs(void)
{
	for (unsigned i = 0; i < run.processes; i++) {
		struct job *job = &run.running[i];
		if (job->pid && ng_now() > job->until) {
			kill(job->pid, SIGKILL);
			job->until = UINT64_MAX;
			printf("# it hangs: %s %s/%s\n", job->mode->name, job->a ? job->a->collector : "",
				job->a ? job->a->name : "");
		}
	}
}

/* Waits until a slot is free, or until all are. */
static struct job *wait_for_place(bool all)
{
	for (;;) {
		struct job *place = NULL;
		unsigned busy = 0;
		for (unsigned i = 0; i < run.processes; i++) {
			struct job *job = &run.running[i];
			int status;
			if (job->pid && waitpid(job->pid, &status, WNOHANG) == job->pid)
				job_end(job, status);
			busy += job->pid != 0;
			place = job->pid ? place : job;
		}
		if (all ? busy == 0 : place != NULL)
			return place;
		end_late_jobs();
		usleep(2000);
	}
}

void jobs_start(const struct mode *mode, const struct test_case *a, const struct test_case *b, uint64_t share)
{
	const uint64_t patience = UINT64_C(120) * 1000000000;
	struct job *job = wait_for_place(false);

	*job = (struct job){ mode, a, b, 0, memfd_create("output", MFD_CLOEXEC), ng_now() + share + patience };
	fflush(stdout);
	job->pid = fork();
	if (job->pid < 0) {
		perror("fork");
		exit(2);
	}
	if (job->pid)
		return;
	dup2(job->output, STDOUT_FILENO);
	dup2(job->output, STDERR_FILENO);
	setvbuf(stdout, NULL, _IOLBF, 0);
	test.until = ng_now() + share;
	job_main(job);
}

void jobs_wait(void)
{
	wait_for_place(true);
}
