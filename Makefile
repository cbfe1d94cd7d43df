# The one place with the commands of this project. Each has a text: make help.

GOLANGCI_LINT := v2.15.0
STATICCHECK   := v0.8.2
OASDIFF       := v1.37.0
VERSITYGW     := v1.8.0
VERSION       ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

export GOFLAGS ?= -buildvcs=false
export CGO_ENABLED ?= 0

lint_tool   := bin/golangci-lint-$(GOLANGCI_LINT)
static_tool := bin/staticcheck-$(STATICCHECK)
oasdiff_tool := bin/oasdiff-$(OASDIFF)
s3_server   := bin/versitygw-$(VERSITYGW)
npm_packages := sdk/typescript/node_modules/.package-lock.json
npm_tools    := tools/node_modules/.package-lock.json
connector    := tools/connector/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help run demo build test test-clients check format-check generated-check document-check tidy-check vet lint fmt update fuzz bench release screenshots

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## starts the server with its data in ./regulars-data
	go run ./cmd/regulars serve

demo: ## starts a demo community in a fresh folder
	go run ./cmd/regulars demo

build: ## builds ./bin/regulars
	go build -trimpath -ldflags '-s -w -X github.com/regulars/regulars/internal/app.version=$(VERSION)' -o bin/regulars ./cmd/regulars

# The slowest packages start first, so that none of them runs alone at the end.
slow_packages := ./internal/app ./internal/ui/uitest ./internal/api ./internal/bulk

test: $(s3_server) ## runs every test, on SQLite, on PostgreSQL and in a browser
	.ci/packages postgresql postgresql-client pgbouncer sqlite3 chromium libreoffice-calc
	REGULARS_TEST_ALL=1 go test -p 2 -timeout 40m $(slow_packages) ./...

screenshots: ## renews the pictures in docs/screenshots from the demo
	.ci/packages chromium
	go test -tags screenshots -count=1 -run TestScreenshots ./internal/ui/uitest

FUZZTIME ?= 30s
fuzz: ## runs every fuzz target for a time, FUZZTIME=30s each
	@grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u | while read -r folder; do \
		for target in $$(grep -h '^func Fuzz' $$folder/*_test.go | sed 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/'); do \
			echo "== $$folder $$target"; \
			go test ./$$folder -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x -parallel 1 || exit 1; \
		done; \
	done

test-clients: $(npm_packages) $(connector) ## tests the clients in sdk/, a public connector and a client of ws with a real server
	cd sdk/go && go vet ./... && go test -timeout 5m ./...
	cd sdk/typescript && npm test
	cd tools/connector && npm test

check: format-check generated-check document-check tidy-check vet lint test test-clients ## runs everything that has to pass before a change goes in

format-check: $(lint_tool)
	$(lint_tool) fmt --diff

generated-check: update
	@git diff --exit-code -- '*_templ.go' '*.gen.go' '*.gen.ts' api docs web/dist || { echo 'Generated files are not up to date: run make update and commit.' >&2; exit 1; }

# api/baseline.yaml is the document that clients were written for. A breaking
# change is listed with its reason in api/breaking.txt, or it fails.
document-check: $(oasdiff_tool) $(npm_tools) ## checks the OpenAPI document and compares it with api/baseline.yaml
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true tools/node_modules/.bin/redocly lint api/openapi.yaml --config api/redocly.yaml --max-problems 50
	$(oasdiff_tool) breaking api/baseline.yaml api/openapi.yaml --fail-on WARN --err-ignore api/breaking.txt --warn-ignore api/breaking.txt

tidy-check:
	go mod tidy -diff

vet:
	go vet ./...

lint: $(lint_tool) $(static_tool) ## runs the linters
	$(static_tool) ./...
	$(lint_tool) run

fmt: $(lint_tool) ## formats the code
	$(lint_tool) fmt

update: $(npm_packages) ## makes every generated file again
	go tool -modfile=tools/go.mod templ generate -log-level error
	go generate ./...
	go run ./cmd/regulars openapi > api/openapi.yaml
	go test . -run '^TestReferencePagesAreCurrent$$' -update > /dev/null
	go run -C tools ./sdkgen ../api/openapi.yaml ../sdk/go/client.gen.go
	cd sdk/typescript && npm run --silent generate

SOAK ?= 10m
bench: ## times imports beside sqlite3 and psql, draws times against rows and members, then soaks each engine with load, kills and a full disk; BENCH="-5m" passes flags, SOAK=10m the time
	.ci/packages sqlite3 postgresql postgresql-client
	go run ./bench $(BENCH)
	REGULARS_TEST_ALL=1 go test -tags soak ./internal/app -run '^TestSoak$$' -v -timeout 3h -args -soak $(SOAK)

release: ## builds the archives and images of a tag with goreleaser
	goreleaser release --clean

# Tools are installed by exact version, once: the version is in the file's name.
$(lint_tool):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv bin/golangci-lint $@
$(static_tool):
	GOBIN=$(CURDIR)/bin go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK)
	mv bin/staticcheck $@
$(oasdiff_tool):
	GOBIN=$(CURDIR)/bin go install github.com/oasdiff/oasdiff@$(OASDIFF)
	mv bin/oasdiff $@
$(s3_server):
	GOBIN=$(CURDIR)/bin go install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)
	mv bin/versitygw $@
$(npm_tools): tools/package.json tools/package-lock.json
	.ci/packages nodejs npm
	cd tools && npm ci --ignore-scripts --no-audit --no-fund
$(connector): tools/connector/package.json tools/connector/package-lock.json
	.ci/packages nodejs npm
	cd tools/connector && npm ci --ignore-scripts --no-audit --no-fund
$(npm_packages): sdk/typescript/package.json sdk/typescript/package-lock.json
	.ci/packages nodejs npm
	cd sdk/typescript && npm ci --ignore-scripts --no-audit --no-fund
