package api_test

import (
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/app/apptest"
)

// bulkFailures are the error codes of bulk operations.
var bulkFailures = map[string]map[string][]string{
	"importUsers": uploadCodes,
	"updateUsers": uploadCodes,
	"listBulkRows": {
		"400": {"invalid_cursor"}, "410": {"expired", "damaged_file"}, "503": {"files_busy"},
	},
	"getFailedRows": {"410": {"expired", "damaged_file"}, "503": {"files_busy"}},
	"streamBulkJob": {"429": {"too_many_streams"}, "503": {"streams_busy"}},
	"cancelBulkJob": {"409": {"job_finished"}},
	"applyBulkJob": {
		"409": {"not_a_plan", "plan_running", "already_applied", "plan_stale"}, "410": {"expired", "damaged_file"}, "503": {"files_busy"},
	},
	"undoBulkJob": {"409": {"not_undoable", "undo_running"}, "410": {"expired"}},
}

var uploadCodes = map[string][]string{
	"400": {"missing_file", "several_files", "empty_file", "no_header", "bad_header", "invalid_header", "no_identifying_column", "too_many_columns", "several_tables", "no_sheet", "damaged_file", "upload_truncated", "notify_needs_person"},
	"409": {"storage_quota_reached"}, "413": {"file_too_large", "zip_bomb"},
	"415": {"unsupported_type", "not_text", "not_a_table", "no_table", "encrypted_file"}, "429": {"rate_limited"}, "503": {"files_busy", "disk_full"},
}

func TestBulkOperationsDescribeTheirErrorCodes(t *testing.T) {
	named := map[string]*huma.Operation{}
	for _, item := range apptest.API().OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post} {
			if op != nil {
				named[op.OperationID] = op
			}
		}
	}
	for name, failures := range bulkFailures {
		op := named[name]
		if op == nil {
			t.Errorf("no operation %s", name)
			continue
		}
		for status, codes := range failures {
			if op.Responses[status] == nil {
				t.Errorf("%s has no answer %s", name, status)
			}
			for _, code := range codes {
				if !strings.Contains(op.Description, "`"+code+"`") {
					t.Errorf("%s does not name %s", name, code)
				}
			}
		}
	}
}
