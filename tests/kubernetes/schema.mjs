// SPDX-License-Identifier: Apache-2.0
// Objects on standard input, [{name, module, kind, object}], are validated by kubernetes-models' compiled schemas; what they
// complain of comes out as [{name, errors}].
// Run as `node --input-type=module --eval`, so that modules are looked up from the working directory.
import { readFileSync } from "node:fs";

const complaints = [];

for (const { name, module, kind, object } of JSON.parse(readFileSync(0, "utf8"))) {
	const errors = [];
	try {
		const models = await import(module);
		new models[kind](object).validate();
	} catch (error) {
		for (const one of error.errors ?? [{ message: error.message }])
			errors.push([one.instancePath, one.message, JSON.stringify(one.params ?? {})].join(" ").trim());
	}
	complaints.push({ name, errors });
}
console.log(JSON.stringify(complaints));
