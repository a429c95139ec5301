/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's clock discipline: offset, frequency and pulse-per-second state, as reported by adjtimex(2).
 *
 * Source: adjtimex(2), include/uapi/linux/timex.h, kernel/time/ntp.c.
 */
#include <nodegauge/collector.h>
#include <sys/timex.h>

enum {
	OFFSET,
	FREQUENCY,
	MAXERROR,
	ESTERROR,
	STATUS,
	CONSTANT,
	TICK,
	PPS_FREQUENCY,
	PPS_JITTER,
	PPS_SHIFT,
	PPS_STABILITY,
	PPS_JITTER_TOTAL,
	PPS_CALIBRATION_TOTAL,
	PPS_ERROR_TOTAL,
	PPS_STABILITY_TOTAL,
	TAI_OFFSET,
	SYNC_STATUS,
};
static const struct ng_family families[] = {
	[OFFSET] = { .name = "node_timex_offset_seconds",
		.help = "Remaining offset to be corrected by the clock discipline.",
		.type = NG_GAUGE },
	[FREQUENCY] = { .name = "node_timex_frequency_adjustment_ratio",
		.help = "Clock frequency relative to the local oscillator.",
		.type = NG_GAUGE },
	[MAXERROR] = { .name = "node_timex_maxerror_seconds", .help = "Maximum error of the clock.", .type = NG_GAUGE },
	[ESTERROR] = { .name = "node_timex_estimated_error_seconds",
		.help = "Estimated error of the clock.",
		.type = NG_GAUGE },
	[STATUS] = { .name = "node_timex_status", .help = "Status bits of the clock (STA_*).", .type = NG_GAUGE },
	[CONSTANT] = { .name = "node_timex_loop_time_constant",
		.help = "Time constant of the phase-locked loop.",
		.type = NG_GAUGE },
	[TICK] = { .name = "node_timex_tick_seconds", .help = "Length of a clock tick.", .type = NG_GAUGE },
	[PPS_FREQUENCY] = { .name = "node_timex_pps_frequency_hertz",
		.help = "Frequency offset measured from the PPS signal.",
		.type = NG_GAUGE },
	[PPS_JITTER] = { .name = "node_timex_pps_jitter_seconds",
		.help = "Jitter of the PPS signal.",
		.type = NG_GAUGE },
	[PPS_SHIFT] = { .name = "node_timex_pps_shift_seconds",
		.help = "Length of the PPS calibration interval, as an exponent of two.",
		.type = NG_GAUGE },
	[PPS_STABILITY] = { .name = "node_timex_pps_stability_hertz",
		.help = "Stability (wander) of the PPS frequency.",
		.type = NG_GAUGE },
	[PPS_JITTER_TOTAL] = { .name = "node_timex_pps_jitter_total",
		.help = "PPS pulses over the jitter limit.",
		.type = NG_COUNTER },
	[PPS_CALIBRATION_TOTAL] = { .name = "node_timex_pps_calibration_total",
		.help = "PPS calibration intervals.",
		.type = NG_COUNTER },
	[PPS_ERROR_TOTAL] = { .name = "node_timex_pps_error_total",
		.help = "PPS calibration errors.",
		.type = NG_COUNTER },
	[PPS_STABILITY_TOTAL] = { .name = "node_timex_pps_stability_exceeded_total",
		.help = "PPS calibration intervals over the stability limit.",
		.type = NG_COUNTER },
	[TAI_OFFSET] = { .name = "node_timex_tai_offset_seconds",
		.help = "Offset of International Atomic Time (TAI) from UTC.",
		.type = NG_GAUGE },
	[SYNC_STATUS] = { .name = "node_timex_sync_status",
		.help = "Whether the clock is synchronised to a time source (1 or 0).",
		.type = NG_GAUGE },
};

/*
 * Frequencies are in units of 2^-16 parts per million. 1 / (65536 * 10^6) is 152587890625 * 10^-22, so they are finite
 * decimal fractions.
 */
static const int64_t ppm_digits = 152587890625;
enum { PPM_PLACES = 22 };

static void ppm_emit(struct ng_page *page, const struct ng_family *family, int64_t frequency)
{
	struct ng_decimal value = { .places = PPM_PLACES };

	ng_family(page, family);
	if (__builtin_mul_overflow(frequency, ppm_digits, &value.digits))
		ng_sample_double(page, NG_NO_LABELS, (double)frequency / (65536.0 * 1e6));
	else
		ng_sample_decimal(page, NG_NO_LABELS, value);
}

/*
 * 1 plus a frequency. Within the kernel's limit of 500 ppm the first three places are 000 or 999, and the rest fits in
 * 64 bits.
 */
static void ratio_emit(struct ng_page *page, const struct ng_family *family, int64_t frequency)
{
	enum { REST = PPM_PLACES - 3 };
	static const uint64_t rest_end = 10000000000000000000u; /* 10^REST */
	char text[5 + REST];
	size_t size = sizeof(text);

	ng_family(page, family);
	if (frequency < -65536000 || frequency >= 65536000) {
		ng_sample_double(page, NG_NO_LABELS, 1 + (double)frequency / (65536.0 * 1e6));
		return;
	}
	if (frequency == 0) {
		ng_sample_u64(page, NG_NO_LABELS, 1);
		return;
	}
	uint64_t rest = (uint64_t)(frequency > 0 ? frequency : -frequency) * (uint64_t)ppm_digits;
	if (frequency < 0)
		rest = rest_end - rest;
	memcpy(text, frequency > 0 ? "1.000" : "0.999", 5);
	for (size_t i = sizeof(text); i > 5; i--) {
		text[i - 1] = (char)('0' + rest % 10);
		rest /= 10;
	}
	while (text[size - 1] == '0')
		size--;
	ng_sample_text(page, NG_SUFFIX_NONE, NG_NO_LABELS, (struct ng_span){ text, size });
}

static void scaled_emit(struct ng_page *page, const struct ng_family *family, int64_t value, unsigned places)
{
	ng_family(page, family);
	ng_sample_decimal(page, NG_NO_LABELS, (struct ng_decimal){ value, places });
}

static void count_emit(struct ng_page *page, const struct ng_family *family, int64_t value)
{
	ng_family(page, family);
	ng_sample_i64(page, NG_NO_LABELS, value);
}

static int timex_collect(void *state, struct ng_scrape *scrape)
{
	struct ng_page *page = scrape->page;
	struct timex timex = { .modes = 0 };

	(void)state;
	int clock_state = adjtimex(&timex);
	if (clock_state < 0) {
		/* reading requires no privilege, but a sandbox may deny the call */
		int r = errno == EPERM || errno == EACCES ? -ENODATA : -errno;
		return ng_failed(scrape, r, "call", "adjtimex");
	}
	unsigned fine = timex.status & STA_NANO ? 9 : 6;

	scaled_emit(page, &families[OFFSET], timex.offset, fine);
	ratio_emit(page, &families[FREQUENCY], timex.freq);
	scaled_emit(page, &families[MAXERROR], timex.maxerror, 6);
	scaled_emit(page, &families[ESTERROR], timex.esterror, 6);
	count_emit(page, &families[STATUS], timex.status);
	count_emit(page, &families[CONSTANT], timex.constant);
	scaled_emit(page, &families[TICK], timex.tick, 6);
	ppm_emit(page, &families[PPS_FREQUENCY], timex.ppsfreq);
	scaled_emit(page, &families[PPS_JITTER], timex.jitter, fine);
	count_emit(page, &families[PPS_SHIFT], timex.shift);
	ppm_emit(page, &families[PPS_STABILITY], timex.stabil);
	count_emit(page, &families[PPS_JITTER_TOTAL], timex.jitcnt);
	count_emit(page, &families[PPS_CALIBRATION_TOTAL], timex.calcnt);
	count_emit(page, &families[PPS_ERROR_TOTAL], timex.errcnt);
	count_emit(page, &families[PPS_STABILITY_TOTAL], timex.stbcnt);
	count_emit(page, &families[TAI_OFFSET], timex.tai);
	count_emit(page, &families[SYNC_STATUS], clock_state != TIME_ERROR);
	return 0;
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "timex",
	.summary = "Clock discipline and pulse-per-second state",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = 0,
	.collect = timex_collect,
};
NG_COLLECTOR(descriptor);
