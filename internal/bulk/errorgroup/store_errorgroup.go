package errorgroup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// storedGroups is Groups as JSON; messages can be translated.
type storedGroups struct {
	Groups   []Group  `json:"groups"`
	Messages []string `json:"messages"`
	Counted  int64    `json:"counted"`
}

// storedLimit is the number of groups that are stored.
const storedLimit = maxValueGroups

// Save stores the groups of a job.
func Save(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, g Groups) error {
	stored := storedGroups{Groups: g.List[:min(len(g.List), storedLimit)], Counted: g.Counted}
	for i := range stored.Groups {
		stored.Messages = append(stored.Messages, stored.Groups[i].Message.Stored())
	}
	if err := Delete(ctx, tx, communityID, jobID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO bulk_error_groups (community_id, job_id, error_groups) VALUES ($1, $2, $3)", communityID, jobID, field.EncodeJSON(stored))
	return err
}

// Load returns the stored groups of a job; ok is false without any.
func Load(ctx context.Context, q sqldb.Querier, communityID, jobID string) (g Groups, ok bool, err error) {
	text, err := sqldb.One(ctx, q, "error_groups", sqldb.Value[string], "SELECT error_groups FROM bulk_error_groups WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	if errs.KindOf(err) == errs.NotFound {
		return Groups{}, false, nil
	}
	if err != nil {
		return Groups{}, false, err
	}
	var stored storedGroups
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return Groups{}, false, fmt.Errorf("error groups of bulk job %s: %w", jobID, err)
	}
	if len(stored.Messages) != len(stored.Groups) {
		return Groups{}, false, errors.New("error groups of bulk job " + jobID + " have other messages")
	}
	for i := range stored.Groups {
		stored.Groups[i].Message = errs.ParseSentence(stored.Messages[i])
	}
	return Groups{List: stored.Groups, Counted: stored.Counted}, true, nil
}

// Delete deletes the stored groups of a job.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_error_groups WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	return err
}
