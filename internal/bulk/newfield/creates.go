package newfield

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/sqldb"
)

// Creates is what the run of a dry run will create, apart from members.
type Creates struct {
	Fields    []job.NewField       `json:"fields" nullable:"false"`
	Tags      []outcome.PlannedTag `json:"tags" nullable:"false" doc:"the first 50, in the order of the file"`
	TotalTags int64                `json:"totalTags" doc:"the number of all tags"`
}

// maxTags limits Creates.Tags.
const maxTags = 50

// CreatesOf returns what the run of a dry run will create; nil for other jobs, and if
// it creates nothing.
func CreatesOf(ctx context.Context, q sqldb.Querier, j *job.Job) (*Creates, error) {
	if !j.DryRun {
		return nil, nil
	}
	tags, total, err := outcome.PlannedTags(ctx, q, j.CommunityID, j.ID, maxTags)
	if err != nil || total == 0 && len(j.Options.NewFields) == 0 {
		return nil, err
	}
	return &Creates{Fields: append([]job.NewField{}, j.Options.NewFields...), Tags: append([]outcome.PlannedTag{}, tags...), TotalTags: total}, nil
}
