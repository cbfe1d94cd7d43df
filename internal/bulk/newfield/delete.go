package newfield

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// clockSkew is the largest difference between the clocks of nodes for which DeleteUnused
// sees all values.
const clockSkew = 24 * time.Hour

// DeleteUnused deletes a field that the original job created, in the transaction of its undo,
// which writes no members before. It returns the field and the reason to keep it; the
// reason is zero if the field was deleted. A field that was deleted before is nil. now
// is in Unix milliseconds.
//
// Writers of members wait for the transaction, which reads the members changed since
// the creation of the field.
func DeleteUnused(ctx context.Context, tx *sqldb.Tx, undo, original *job.Job, fieldID string, now int64) (*field.Field, errs.Sentence, error) {
	if err := member.GuardFields(ctx, tx, undo.CommunityID); err != nil {
		return nil, errs.Sentence{}, err
	}
	f, err := field.LoadByID(ctx, tx, undo.CommunityID, fieldID)
	if errs.KindOf(err) == errs.NotFound || err == nil && f.Work.Kind == field.ClearValues {
		return nil, errs.Sentence{}, nil
	}
	if err != nil {
		return nil, errs.Sentence{}, err
	}
	kept, err := use(ctx, tx, undo, original, &f)
	if err != nil || !kept.IsZero() {
		return &f, kept, err
	}
	if err := field.InsertDeleted(ctx, tx, undo.CommunityID, f, now); err != nil {
		return nil, errs.Sentence{}, err
	}
	if err := field.Delete(ctx, tx, undo.CommunityID, fieldID); err != nil {
		return nil, errs.Sentence{}, err
	}
	return &f, errs.Sentence{}, audit.Append(ctx, tx, audit.Entry{
		CommunityID: undo.CommunityID, At: now, Actor: undo.Actor, ActorName: undo.ActorName, Action: "field.delete", Target: audit.Target{Type: "field", ID: f.ID, Name: f.Name},
	})
}

// use returns the reason to keep a field, zero if it is unused.
func use(ctx context.Context, tx *sqldb.Tx, undo, original *job.Job, f *field.Field) (errs.Sentence, error) {
	if f.Required || f.Filterable || f.Identifier || f.DefaultValue != nil || f.Description != "" || !slices.Equal(f.Options, createdOptions(original, f.ID)) || f.Work.Kind != "" {
		return errs.NewSentence("The field %q was created by the job and is kept, because its settings were changed since.", f.Name), nil
	}
	used, err := member.HasValueSince(ctx, tx, undo.CommunityID, f.Field, f.CreatedAt-clockSkew.Milliseconds())
	if err != nil || used {
		return errs.NewSentence("The field %q was created by the job and is kept, because members have other values in it now.", f.Name), err
	}
	used, err = roster.ViewsName(ctx, tx, undo.CommunityID, f.Field)
	if err != nil || used {
		return errs.NewSentence("The field %q was created by the job and is kept, because a saved view uses it.", f.Name), err
	}
	home, err := community.Load(ctx, tx, undo.CommunityID)
	if err != nil || slices.Contains(home.Settings.Joining.RequiredFields, f.ID) {
		return errs.NewSentence("The field %q was created by the job and is kept, because members need it to join.", f.Name), err
	}
	active, err := job.ListActive(ctx, tx, undo.CommunityID)
	if err != nil || slices.ContainsFunc(active, func(j job.Job) bool { return !j.DryRun && writes(&j, f.ID) }) {
		return errs.NewSentence("The field %q was created by the job and is kept, because another job writes to it.", f.Name), err
	}
	return errs.Sentence{}, nil
}

// createdOptions are the options with which a job created a field.
func createdOptions(j *job.Job, fieldID string) []string {
	at := slices.IndexFunc(j.Options.NewFields, func(n job.NewField) bool { return n.ID == fieldID })
	if at < 0 {
		return nil
	}
	return j.Options.NewFields[at].Options
}

func writes(j *job.Job, fieldID string) bool {
	return slices.ContainsFunc(j.Options.NewFields, func(n job.NewField) bool { return n.ID == fieldID })
}
