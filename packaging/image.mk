# SPDX-License-Identifier: Apache-2.0
# The image, its bill of materials, and the check of the Kubernetes manifests.

image_out     := build/image
image_archive := $(image_out)/nodegauge-$(version).oci.tar
image_sbom    := $(image_out)/nodegauge-$(version).spdx.json

# Files have the time of the last commit, so that the same commit gives the same image.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

.PHONY: image sbom kubernetes kubernetes-check

image: all
	@packaging/image/stage $(B)/nodegauge $(image_out)/root
	@packaging/image/build $(image_out)/root '$(version)' '$(or $(revision),unknown)' $(image_archive)

sbom: image
	@packaging/image/sbom $(image_out)/root '$(version)' > $(image_sbom)
	@echo $(image_sbom)

# The version in the manifests, and the tables in docs/kubernetes.md.
kubernetes: image
	@NODEGAUGE=$(B)/nodegauge tests/kubernetes/run --write

kubernetes-check: sbom
	@tools/install-packages test image
	@CC='$(CC)' BUILD=$(B) NODEGAUGE=$(B)/nodegauge tools/run-tests tests/image/run tests/kubernetes/run
