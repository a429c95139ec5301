/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel parameters selected by the user.
 *
 *     --collector.sysctl.include=fs.file-nr                     node_sysctl_fs_file_nr{index="0"} 592 ...
 *     --collector.sysctl.include=fs.file-nr:total,current,max   node_sysctl_fs_file_nr_total 592 ...
 *     --collector.sysctl.include-info=kernel.seccomp.actions_avail
 *                                                               node_sysctl_info{name="...",index="0",value="..."} 1
 *
 * Source: proc_sys(5), kernel/sysctl.c.
 */
#include <nodegauge/collector.h>

static const struct ng_family families[] = {
	{ .name = "node_sysctl_info",
		.help = "Value of a kernel parameter as text; always 1.",
		.type = NG_GAUGE,
		.labels = "name,value,index" },
	{ .name = "node_sysctl_<name>",
		.help = "Kernel parameter.",
		.type = NG_UNTYPED,
		.labels = "index",
		.dynamic = true },
	{ .name = "node_sysctl_<name>_<key>", .help = "Kernel parameter.", .type = NG_UNTYPED, .dynamic = true },
};

/* A family of numbers; without a name if an earlier parameter uses it already. */
struct output {
	struct ng_span name, help;
};

struct parameter {
	struct ng_span name;
	struct ng_file file;
	size_t key_count;      /* 0: without keys */
	struct output *output; /* one per key, or one */
};

struct parameters {
	struct parameter *item;
	size_t count;
};

struct sysctl {
	struct ng_list include, include_info; /* the options */
	struct parameters numbers, texts;
};

/* ---- the options ---- */

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* All other bytes, with the underscores around them, become one underscore: "net.ipv4._x-y" is net_ipv4_x_y. */
static void name_sanitise(char *name)
{
	char *out = name;

	for (const char *at = name; *at;) {
		size_t n = strspn(at, "_");
		if (at[n] && !is_name_byte(at[n])) {
			while (at[n] && !is_name_byte(at[n]))
				n++;
			at += n;
			at += strspn(at, "_");
			*out++ = '_';
			continue;
		}
		n += at[n] != '\0';
		memmove(out, at, n);
		out += n;
		at += n;
	}
	*out = '\0';
}

static bool output_repeated(const struct parameters *parameters, const struct output *output)
{
	for (size_t i = 0; i < parameters->count; i++) {
		const struct parameter *parameter = &parameters->item[i];
		for (size_t k = 0; k < parameter->key_count || k == 0; k++) {
			if (parameter->output + k == output)
				return false;
			if (ng_span_equal(parameter->output[k].name, output->name))
				return true;
		}
	}
	return false;
}

static int output_init(struct ng_setup *setup, struct parameter *parameter, struct output *output, const char *key)
{
	char *name = (char *)ng_copy(setup->arena, parameter->name).text;

	if (!name)
		return -ENOMEM;
	name_sanitise(name);
	const char *full = ng_join(setup->arena, "node_sysctl_", name, NULL);
	const char *help = ng_join(setup->arena, "Kernel parameter ", parameter->name.text, key ? ", field " : ".");
	if (full && help && key) {
		full = ng_join(setup->arena, full, "_", key);
		help = ng_join(setup->arena, help, key, ".");
	}
	if (!full || !help)
		return -ENOMEM;
	*output = (struct output){ ng_span(full), ng_span(help) };
	return 0;
}

static int keys_init(struct ng_setup *setup, struct parameter *parameter, struct ng_span keys, const char *text)
{
	struct ng_span key;

	for (size_t i = 0; i < parameter->key_count; i++) {
		if (!ng_part_next(&keys, ',', &key) || key.size == 0)
			return ng_refuse(setup, "kernel parameter '%s': a key is empty", text);
		for (size_t k = 0; k < key.size; k++) {
			if (!is_name_byte(key.text[k]))
				return ng_refuse(setup,
					"kernel parameter '%s': a key may contain only letters, digits and _", text);
		}
		const char *copy = ng_copy(setup->arena, key).text;
		int r = copy ? output_init(setup, parameter, &parameter->output[i], copy) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Dots become slashes below /proc/sys. */
static const char *file_path(struct ng_setup *setup, const char *name)
{
	char *path = (char *)ng_join(setup->arena, "sys/", name, NULL);

	for (char *at = path; at && *at; at++) {
		if (*at == '.')
			*at = '/';
	}
	return path;
}

/* "name" or "name:key,key" */
static int parameter_init(struct ng_setup *setup, struct parameter *parameter, const char *text, bool number)
{
	struct ng_span rest = ng_span(text), name;
	bool keyed = strchr(text, ':');

	if (!ng_part_next(&rest, ':', &name) || ng_trim(name).size == 0)
		return ng_refuse(setup, "kernel parameter '%s': the name is missing", text);
	if (keyed && !number)
		return ng_refuse(
			setup, "kernel parameter '%s': keys are not allowed for a parameter reported as text", text);
	for (size_t i = 0; keyed && i <= rest.size; i++)
		parameter->key_count += i == rest.size || rest.text[i] == ',';
	parameter->name = ng_copy(setup->arena, name);
	const char *path = parameter->name.text ? file_path(setup, parameter->name.text) : NULL;
	parameter->output = ng_alloc0(setup->arena, (parameter->key_count + 1) * sizeof(*parameter->output));
	if (!path || !parameter->output)
		return -ENOMEM;
	parameter->file = NG_FILE(NG_PROC, NG_VALUE, path);
	if (keyed)
		return keys_init(setup, parameter, rest, text);
	return output_init(setup, parameter, &parameter->output[0], NULL);
}

static int parameters_init(
	struct ng_setup *setup, struct parameters *parameters, const struct ng_list *list, bool number)
{
	parameters->item = ng_alloc0(setup->arena, (list->count + 1) * sizeof(*parameters->item));
	if (!parameters->item)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		bool same = false;
		for (size_t k = 0; k < i; k++)
			same = same || strcmp(list->item[i], list->item[k]) == 0;
		if (same)
			continue;
		int r = parameter_init(setup, &parameters->item[parameters->count++], list->item[i], number);
		if (r < 0)
			return r;
	}
	return 0;
}

static int sysctl_init(void *state, struct ng_setup *setup)
{
	struct sysctl *sysctl = state;
	struct parameters *numbers = &sysctl->numbers;

	int r = parameters_init(setup, numbers, &sysctl->include, true);
	if (r == 0)
		r = parameters_init(setup, &sysctl->texts, &sysctl->include_info, false);
	if (r < 0)
		return r;
	for (size_t i = 0; i < numbers->count; i++) {
		for (size_t k = 0; k < numbers->item[i].key_count || k == 0; k++) {
			if (output_repeated(numbers, &numbers->item[i].output[k]))
				numbers->item[i].output[k].name.size = 0;
		}
	}
	return 0;
}

/* ---- values ---- */

struct values {
	struct ng_span *word;
	size_t count, capacity;
};

static int words_read(struct ng_scrape *scrape, struct parameter *parameter, struct values *values)
{
	struct ng_span text, line, word, *slot;

	int r = ng_file_read(scrape, &parameter->file, &text);
	if (r < 0)
		return r;
	while (ng_line_next(&text, &line)) {
		while (ng_word_next(&line, &word)) {
			slot = ng_push(scrape->arena, &values->word, &values->count, &values->capacity);
			if (!slot)
				return -ENOMEM;
			*slot = word;
		}
	}
	return values->count ? 0 : ng_broken(scrape, parameter->file.path, 0, "at least one value");
}

struct number {
	uint64_t magnitude;
	bool negative, given;
};

/* Decimal, hexadecimal with 0x or octal with 0. */
static int magnitude_parse(struct ng_span word, uint64_t *ret_magnitude)
{
	uint64_t value = 0;

	if (ng_span_starts(word, NG_SPAN("0x")))
		return ng_hex(word, ret_magnitude);
	if (word.size < 2 || word.text[0] != '0')
		return ng_u64(word, ret_magnitude);
	for (size_t i = 1; i < word.size; i++) {
		if (word.text[i] < '0' || word.text[i] > '7' || value >> 61)
			return -EINVAL;
		value = value << 3 | (uint64_t)(word.text[i] - '0');
	}
	*ret_magnitude = value;
	return 0;
}

static int number_parse(struct ng_span word, struct number *ret_number)
{
	ret_number->negative = word.size && word.text[0] == '-';
	int r = magnitude_parse(ng_span_skip(word, ret_number->negative), &ret_number->magnitude);
	return r == 0 && ret_number->negative && ret_number->magnitude > INT64_MAX ? -ERANGE : r;
}

static void number_emit(struct ng_page *page, struct ng_labels *labels, struct number number)
{
	if (number.negative)
		ng_sample_i64(page, labels, -(int64_t)number.magnitude);
	else
		ng_sample_u64(page, labels, number.magnitude);
}

static void output_open(struct ng_page *page, const struct output *output)
{
	ng_family_dynamic(page, NG_UNTYPED, output->name, output->help);
}

/* Whether at least one of the words is a number; the others are left out. */
static bool numbers_parse(
	struct ng_scrape *scrape, const char *path, const struct values *values, struct number *numbers)
{
	bool any = false;

	for (size_t i = 0; i < values->count; i++) {
		numbers[i].given = number_parse(values->word[i], &numbers[i]) == 0;
		if (!numbers[i].given)
			ng_drop_value(scrape, path, 0, "numbers");
		any = any || numbers[i].given;
	}
	return any;
}

static void keyed_emit(struct ng_page *page, const struct parameter *parameter, const struct number *numbers)
{
	for (size_t i = 0; i < parameter->key_count; i++) {
		if (parameter->output[i].name.size == 0 || !numbers[i].given)
			continue;
		output_open(page, &parameter->output[i]);
		number_emit(page, NG_NO_LABELS, numbers[i]);
	}
}

static void plain_emit(
	struct ng_scrape *scrape, const struct parameter *parameter, const struct number *numbers, size_t count)
{
	char digits[NG_DIGITS];

	if (parameter->output->name.size == 0)
		return;
	output_open(scrape->page, parameter->output);
	for (size_t i = 0; i < count; i++) {
		struct ng_labels *labels = NG_NO_LABELS;
		if (!numbers[i].given)
			continue;
		if (count > 1)
			labels = NG_LABELS(scrape->arena, { "index", ng_digits(digits, i) });
		number_emit(scrape->page, labels, numbers[i]);
	}
}

static int numbers_collect(struct ng_scrape *scrape, struct parameter *parameter)
{
	struct values values = { 0 };

	int r = words_read(scrape, parameter, &values);
	if (r < 0)
		return r;
	struct number *numbers = ng_alloc0(scrape->arena, values.count * sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	if (!numbers_parse(scrape, parameter->file.path, &values, numbers))
		return -EBADMSG;
	if (parameter->key_count == 0)
		plain_emit(scrape, parameter, numbers, values.count);
	else if (parameter->key_count == values.count && values.count > 1)
		keyed_emit(scrape->page, parameter, numbers);
	else
		return ng_broken(scrape, parameter->file.path, 0, "one value for each key, and more than one");
	return 0;
}

static int texts_collect(struct ng_scrape *scrape, struct parameter *parameter)
{
	struct values values = { 0 };
	char digits[NG_DIGITS];

	int r = words_read(scrape, parameter, &values);
	for (size_t i = 0; r == 0 && i < values.count; i++)
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena, { "name", parameter->name }, { "value", values.word[i] },
				{ "index", ng_digits(digits, i) }),
			1);
	return r;
}

/* A parameter that was configured deserves a message, unless the privileges explain it. */
static void drop_parameter(struct ng_scrape *scrape, int error)
{
	ng_drop(scrape);
	if (error != -EACCES)
		ng_note(scrape);
}

static int sysctl_collect(void *state, struct ng_scrape *scrape)
{
	struct sysctl *sysctl = state;
	size_t done = 0;
	int failed = 0;

	for (size_t i = 0; i < sysctl->numbers.count; i++) {
		int r = numbers_collect(scrape, &sysctl->numbers.item[i]);
		if (r < 0)
			drop_parameter(scrape, r);
		failed = r < 0 ? r : failed;
		done += r == 0;
	}
	ng_family(scrape->page, &families[0]);
	for (size_t i = 0; i < sysctl->texts.count; i++) {
		int r = texts_collect(scrape, &sysctl->texts.item[i]);
		if (r < 0)
			drop_parameter(scrape, r);
		failed = r < 0 ? r : failed;
		done += r == 0;
	}
	return done ? 0 : failed;
}

static void parameters_close(struct parameters *parameters)
{
	for (size_t i = 0; i < parameters->count; i++)
		ng_file_close(&parameters->item[i].file);
}

static void sysctl_done(void *state)
{
	struct sysctl *sysctl = state;

	parameters_close(&sysctl->numbers);
	parameters_close(&sysctl->texts);
}

static const struct ng_option options[] = {
	NG_OPTION(sysctl, include, NG_OPTION_LIST, "include", "",
		"Numeric kernel parameter: NAME, or NAME:KEY,KEY to name its values. May be repeated."),
	NG_OPTION(sysctl, include_info, NG_OPTION_LIST, "include-info", "",
		"Kernel parameter to report as text. May be repeated."),
};

/* These checks compare the user, which no capability can replace: kernel/sysctl.c, test_perm. */
static const struct ng_privilege privileges[] = {
	{ .capability = "root", .lost = "parameters readable by root only, such as vm.mmap_rnd_bits" },
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "sysctl",
	.summary = "Kernel parameters selected by the options",
	.off_by_default = true,
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct sysctl),
	.init = sysctl_init,
	.collect = sysctl_collect,
	.done = sysctl_done,
};
NG_COLLECTOR(descriptor);
