package outcome

import (
	"context"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Batch is a row of bulk_batches.
type Batch struct {
	Number              int64
	FirstLine, LastLine int64
	Counts              Counts
	Outcomes            []byte
	Created, Removed    event.IDs // members: of a new batch, not stored
}

const batchColumns = "number, first_line, last_line, created_rows, updated_rows, unchanged_rows, skipped_rows, failed_rows, outcomes"

func scanBatch(s sqldb.Scanner) (Batch, error) {
	var p Batch
	err := s.Scan(&p.Number, &p.FirstLine, &p.LastLine, &p.Counts.Created, &p.Counts.Updated, &p.Counts.Unchanged, &p.Counts.Skipped, &p.Counts.Failed, &p.Outcomes)
	return p, err
}

// NewBatch packs the records of a batch.
func NewBatch(number int64, list []Record, c Counts) (Batch, error) {
	packed, err := Pack(list)
	p := Batch{Number: number, Counts: c, Outcomes: packed, Created: make(event.IDs, 0, id.Size/2*c.Created)}
	for i := range list {
		if list[i].Outcome == Created && list[i].UserID != "" {
			p.Created = p.Created.Add(list[i].UserID)
		}
	}
	if len(list) > 0 {
		first, last := int64(list[0].Pos.Line), int64(list[len(list)-1].Pos.Line)
		p.FirstLine, p.LastLine = min(first, last), max(first, last)
	}
	return p, err
}

// Insert stores a batch.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, p *Batch) error {
	c := &p.Counts
	_, err := tx.Exec(ctx, "INSERT INTO bulk_batches (community_id, job_id, "+batchColumns+") VALUES ("+sqldb.Placeholders(1, 11)+")",
		communityID, jobID, p.Number, p.FirstLine, p.LastLine, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed, p.Outcomes)
	return err
}

// Update replaces the outcomes of a batch that has more rows now.
func Update(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, p *Batch) error {
	c := &p.Counts
	_, err := tx.Exec(ctx, `UPDATE bulk_batches SET first_line = $4, last_line = $5, created_rows = $6, updated_rows = $7, unchanged_rows = $8,
		skipped_rows = $9, failed_rows = $10, outcomes = $11 WHERE community_id = $1 AND job_id = $2 AND number = $3`,
		communityID, jobID, p.Number, p.FirstLine, p.LastLine, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed, p.Outcomes)
	return err
}

// Find returns the first batch of a job, from number on, with a row of an
// outcome (0: any) and of a line (0: any); nil if there is none.
func Find(ctx context.Context, q sqldb.Querier, communityID, jobID string, number int64, o Outcome, line int) (*Batch, error) {
	where, args := "community_id = $1 AND job_id = $2 AND number >= $3", []any{communityID, jobID, number}
	if o != 0 {
		where += " AND " + names[o] + "_rows > 0"
	}
	if line > 0 {
		where += " AND first_line <= $4 AND last_line >= $4"
		args = append(args, line)
	}
	found, err := sqldb.All(ctx, q, scanBatch, "SELECT "+batchColumns+" FROM bulk_batches WHERE "+where+" ORDER BY number LIMIT 1", args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// UpdateOutcomes replaces the packed records of a batch.
func UpdateOutcomes(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, number int64, outcomes []byte) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_batches SET outcomes = $1 WHERE community_id = $2 AND job_id = $3 AND number = $4", outcomes, communityID, jobID, number)
	return err
}

// Delete deletes the outcomes of a job and its lists of tags.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	for _, table := range []string{"bulk_tags", "bulk_planned_tags"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND job_id = $2", communityID, jobID); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "DELETE FROM bulk_batches WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	return err
}

// Tag is a tag that a job created, with the line of the first row that named it.
type Tag struct {
	ID   string
	Line int
}

// InsertTags stores the tags that a batch of a job created.
func InsertTags(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, tags []Tag) error {
	return tx.InsertRows(ctx, sqldb.Rows{Table: "bulk_tags", Columns: []string{"community_id", "job_id", "tag_id", "line"}, N: len(tags), Fill: func(i int, row []any) {
		row[0], row[1], row[2], row[3] = communityID, jobID, tags[i].ID, int64(tags[i].Line)
	}})
}

// Tags returns the tags that a job created, by line.
func Tags(ctx context.Context, q sqldb.Querier, communityID, jobID string) ([]Tag, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (Tag, error) {
		var t Tag
		return t, s.Scan(&t.ID, &t.Line)
	}, "SELECT tag_id, line FROM bulk_tags WHERE community_id = $1 AND job_id = $2 ORDER BY line, tag_id", communityID, jobID)
}

// DeleteTags removes tags from the list of a job.
func DeleteTags(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, tagIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_tags WHERE community_id = $1 AND job_id = $2 AND "+tx.Dialect().In("tag_id", "$3"), communityID, jobID, sqldb.Keys(tagIDs))
	return err
}

// PlannedTag is a tag that a dry run would create.
type PlannedTag struct {
	Name string `json:"name"`
	Rows int64  `json:"rows" doc:"that name it"`
	Line int    `json:"line" doc:"of the first one"`
}

// AddPlannedTags adds the tags of a batch to those of a dry run.
func AddPlannedTags(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, tags []PlannedTag) error {
	for _, t := range tags {
		_, err := tx.Exec(ctx, `INSERT INTO bulk_planned_tags (community_id, job_id, name, row_count, line) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (community_id, job_id, name) DO UPDATE SET row_count = bulk_planned_tags.row_count + excluded.row_count`, communityID, jobID, t.Name, t.Rows, int64(t.Line))
		if err != nil {
			return err
		}
	}
	return nil
}

// PlannedTags returns the first tags that a dry run would create, by line, and the
// number of all.
func PlannedTags(ctx context.Context, q sqldb.Querier, communityID, jobID string, limit int) ([]PlannedTag, int64, error) {
	total, err := sqldb.One(ctx, q, "tag", sqldb.Value[int64], "SELECT count(*) FROM bulk_planned_tags WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	if err != nil || total == 0 {
		return nil, 0, err
	}
	tags, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (PlannedTag, error) {
		var t PlannedTag
		return t, s.Scan(&t.Name, &t.Rows, &t.Line)
	}, "SELECT name, row_count, line FROM bulk_planned_tags WHERE community_id = $1 AND job_id = $2 ORDER BY line, name LIMIT $3", communityID, jobID, limit)
	return tags, total, err
}
