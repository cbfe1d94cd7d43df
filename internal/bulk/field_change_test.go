package bulk_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// fieldWork is the job that works on the values of a field.
type fieldWork struct {
	CommunityID string `json:"communityId"`
	FieldID     string `json:"fieldId"`
}

func (fieldWork) Kind() string { return "member.field_work" }

// The process that converts the values of a field ends three times.
func TestAnImportDoesNotWaitForAFieldChangeThatIsGivenUp(t *testing.T) {
	each(t, func(f *fixture) {
		plan, err := f.fields.Get(f.Context(), command, f.community, "plan")
		f.ok(err)
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(f.Context(), `INSERT INTO field_jobs (community_id, field_id, kind, stage, target, position, done, total, error, actor, updated_at)
				VALUES ($1, $2, 'convert', 'check', $3, '', 0, 9000, '', '', 0)`, f.community, plan.ID, fmt.Sprintf(`{"field":{"ID":%q,"Type":"numerical"}}`, plan.ID))
			if err != nil {
				return err
			}
			_, err = jobs.Insert(f.Context(), tx, fieldWork{f.community, plan.ID}, jobs.Options{Lane: jobs.Large, Unique: f.community + plan.ID})
			return err
		}))
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, "First Name,Last Name,Username,Email,Plan\nAnn,Lee,ann,ann@example.com,gold\n", bulk.Options{}))
		f.ok(err)
		stop := f.serve() // which does not work on fields
		f.until(s, func(now bulk.Status) bool { return now.Waiting != nil && now.Waiting.Reason == bulk.WaitFieldChange })
		stop()
		_, err = f.db.Exec(f.Context(), "UPDATE jobs SET state = 'running', crashes = 2, node_id = 'lost', lease_token = 'lost', lease_until = 1 WHERE kind = 'member.field_work'")
		f.ok(err)
		f.bulk = f.withBatchRows(3)
		f.changes.RegisterJobs(f.engine)
		f.serve()
		f.want(f.until(s, bulk.Status.Finished), bulk.Completed, 1, 0, 0, 0, 0)
		if plan, err = f.fields.Get(f.Context(), command, f.community, "plan"); err != nil || plan.InProgress() || plan.Work.Error.IsZero() {
			t.Error(errors.Join(err, fmt.Errorf("%+v", plan)))
		}
	})
}
