/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets dropped by IPsec (XFRM), by reason.
 *
 *     XfrmInError             	0
 *     XfrmInBufferError       	0
 *
 * Source: Documentation/networking/xfrm_proc.rst, net/xfrm/xfrm_proc.c. The file exists only with
 * CONFIG_XFRM_STATISTICS.
 */
#include <nodegauge/collector.h>

struct xfrm {
	struct ng_file file;
};

/* X(family, kernel's key, help), in the kernel's order */
#define COUNTERS(X)                                                                                                    \
	X("in_error", "XfrmInError", "Inbound packets dropped for other reasons.")                                     \
	X("in_buffer_error", "XfrmInBufferError", "Inbound packets dropped for lack of a buffer.")                     \
	X("in_hdr_error", "XfrmInHdrError", "Inbound packets dropped for a header error.")                             \
	X("in_no_states", "XfrmInNoStates", "Inbound packets with no matching state.")                                 \
	X("in_state_proto_error", "XfrmInStateProtoError", "Inbound packets with a protocol-specific error.")          \
	X("in_state_mode_error", "XfrmInStateModeError", "Inbound packets with a mode-specific error.")                \
	X("in_state_seq_error", "XfrmInStateSeqError", "Inbound packets outside the replay window.")                   \
	X("in_state_expired", "XfrmInStateExpired", "Inbound packets whose state had expired.")                        \
	X("in_state_mismatch", "XfrmInStateMismatch", "Inbound packets whose state has mismatching options.")          \
	X("in_state_invalid", "XfrmInStateInvalid", "Inbound packets whose state is invalid.")                         \
	X("in_tmpl_mismatch", "XfrmInTmplMismatch", "Inbound packets with no template matching the state.")            \
	X("in_no_pols", "XfrmInNoPols", "Inbound packets with no policy for their state.")                             \
	X("in_pol_block", "XfrmInPolBlock", "Inbound packets discarded by policy.")                                    \
	X("in_pol_error", "XfrmInPolError", "Inbound packets dropped for a policy error.")                             \
	X("out_error", "XfrmOutError", "Outbound packets dropped for other reasons.")                                  \
	X("out_bundle_gen_error", "XfrmOutBundleGenError", "Outbound packets whose bundle could not be generated.")    \
	X("out_bundle_check_error", "XfrmOutBundleCheckError", "Outbound packets whose bundle check failed.")          \
	X("out_no_states", "XfrmOutNoStates", "Outbound packets with no matching state.")                              \
	X("out_state_proto_error", "XfrmOutStateProtoError", "Outbound packets with a protocol-specific error.")       \
	X("out_state_mode_error", "XfrmOutStateModeError", "Outbound packets with a mode-specific error.")             \
	X("out_state_seq_error", "XfrmOutStateSeqError", "Outbound packets with an overflowed sequence number.")       \
	X("out_state_expired", "XfrmOutStateExpired", "Outbound packets whose state had expired.")                     \
	X("out_pol_block", "XfrmOutPolBlock", "Outbound packets discarded by policy.")                                 \
	X("out_pol_dead", "XfrmOutPolDead", "Outbound packets whose policy is dead.")                                  \
	X("out_pol_error", "XfrmOutPolError", "Outbound packets dropped for a policy error.")                          \
	X("fwd_hdr_error", "XfrmFwdHdrError", "Forwarded packets dropped for a header error.")                         \
	X("out_state_invalid", "XfrmOutStateInvalid", "Outbound packets whose state is invalid.")                      \
	X("acquire_error", "XfrmAcquireError", "Packets dropped because their state was not fully acquired.")

#define FAMILY(name_, key, help_) { .name = "node_xfrm_" name_ "_packets_total", .help = (help_), .type = NG_COUNTER },
#define KEY(name, key, help)      NG_SPAN(key),

static const struct ng_family families[] = { COUNTERS(FAMILY) };
static const struct ng_span keys[] = { COUNTERS(KEY) };

struct counters {
	uint64_t value[NG_COUNT(families)];
	bool found[NG_COUNT(families)];
};

/* The index of a key, searching from `hint`; NG_COUNT(keys) if unknown. */
static size_t find_key(struct ng_span key, size_t hint)
{
	for (size_t i = 0; i < NG_COUNT(keys); i++) {
		size_t at = (hint + i) % NG_COUNT(keys);
		if (ng_span_equal(keys[at], key))
			return at;
	}
	return NG_COUNT(keys);
}

/* Whether any line was a counter, including unknown ones. */
static bool xfrm_parse(struct ng_scrape *scrape, const char *path, struct ng_span text, struct counters *counters)
{
	struct ng_span line, key;
	size_t hint = 0;
	bool any = false;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		uint64_t value;
		if (!ng_word_next(&line, &key) || ng_u64_next(&line, &value) < 0) {
			ng_drop_value(scrape, path, number, "a name and a number");
			continue;
		}
		any = true;
		size_t at = find_key(key, hint);
		if (at == NG_COUNT(keys))
			continue;
		counters->value[at] = value;
		counters->found[at] = true;
		hint = at + 1;
	}
	return any;
}

static int xfrm_collect(void *state, struct ng_scrape *scrape)
{
	struct xfrm *xfrm = state;
	struct counters counters = { 0 };
	struct ng_span text;

	int r = ng_file_read(scrape, &xfrm->file, &text);
	if (r == -ENOENT || r == -EACCES || r == -EPERM)
		return -ENODATA;
	if (r < 0)
		return r;
	if (!xfrm_parse(scrape, xfrm->file.path, text, &counters))
		return ng_broken(scrape, xfrm->file.path, 1, "a name and a number");
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		if (!counters.found[i])
			continue;
		ng_family(scrape->page, &families[i]);
		ng_sample_u64(scrape->page, NG_NO_LABELS, counters.value[i]);
	}
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(xfrm, file, NG_PROC, NG_WHOLE, "net/xfrm_stat"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "xfrm",
	.summary = "Packets dropped by IPsec, by reason",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct xfrm),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = xfrm_collect,
};
NG_COLLECTOR(descriptor);
