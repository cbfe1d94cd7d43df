package api

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

type historyRow struct {
	ID         string     `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID     string     `json:"userId" example:"6a21d1c09f3b0c4d5e6f7a8b" doc:"The _id of the user."`
	FieldID    string     `json:"fieldId" doc:"The _id of the field."`
	Field      string     `json:"field" example:"plan" doc:"The field's database name; also of a field that was deleted."`
	OldValue   any        `json:"oldValue" doc:"A value of the field's type; null: it was unset. Roles and tags are names."`
	NewValue   any        `json:"newValue" doc:"A value of the field's type; null: it was cleared."`
	ValidFrom  string     `json:"validFrom" format:"date-time" doc:"Since when the value is so."`
	RecordedAt string     `json:"recordedAt" format:"date-time" doc:"When it was written down."`
	Source     wireSource `json:"source"`
	Actor      string     `json:"actor" example:"key:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id>, command or open; empty where it is not known."`
}

type wireSource struct {
	Type string `json:"type" example:"import" doc:"import, update, undo (bulk jobs), api, console, revert, field, tag, created and others."`
	ID   string `json:"id" doc:"Of the job, key, row or definition that it was; empty where there is none."`
}

func wireHistory(h member.HistoryRow) historyRow {
	return historyRow{
		ID: h.ID, UserID: h.UserID, FieldID: h.FieldID, Field: h.Field, OldValue: h.Old, NewValue: h.New,
		ValidFrom: clock.Format(h.ValidFrom), RecordedAt: clock.Format(h.RecordedAt), Source: wireSource{h.Source.Type, h.Source.ID}, Actor: h.Actor,
	}
}

// HistoryInput is the part of a query that chooses rows of the history.
type HistoryInput struct {
	CommunityPath
	CursorInput
	From   string `query:"from" example:"2026-04-01" doc:"Only what is so from this moment on or later: RFC 3339, or a day (UTC)."`
	To     string `query:"to" example:"2026-04-30" doc:"Only what is so from before this moment: RFC 3339, or a day (UTC), which counts too."`
	Source string `query:"source" maxLength:"50" example:"import" doc:"Only changes from sources of this type."`
}

func (in *HistoryInput) filter() (member.HistoryFilter, error) {
	f := member.HistoryFilter{Source: in.Source, Cursor: in.Cursor, Limit: in.Limit}
	var wrong []errs.Field
	f.From = moment("from", in.From, 0, &wrong)
	f.To = moment("to", in.To, 24*time.Hour, &wrong)
	return f, errs.InvalidFields(wrong)
}

// moment reads a time or a day, whose length is added; "" is 0.
func moment(name, text string, day time.Duration, wrong *[]errs.Field) int64 {
	if text == "" {
		return 0
	}
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at.Add(day).UnixMilli()
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		*wrong = append(*wrong, errs.Field{Field: name, Code: "invalid_time", Message: "Write a time such as 2026-04-07T08:50:16.000Z, or a day such as 2026-04-07."})
		return 0
	}
	return at.UnixMilli()
}

type userHistoryInput struct {
	HistoryInput
	UserPath
}

type fieldHistoryInput struct {
	HistoryInput
	FieldPath
}

type userFieldHistoryInput struct {
	HistoryInput
	UserPath
	FieldPath
}

// UserPath is a part of inputs; huma reads only exported ones.
type UserPath struct {
	UserID string `path:"userId" doc:"The _id or number of the user."`
}

// FieldPath is a part of inputs; huma reads only exported ones.
type FieldPath struct {
	FieldID string `path:"fieldId" doc:"The _id or database name of the field."`
}

func (a *API) listHistories(ctx context.Context, in *HistoryInput) (*list[historyRow, cursor], error) {
	return a.histories(ctx, in, "", "")
}

func (a *API) listFieldHistories(ctx context.Context, in *fieldHistoryInput) (*list[historyRow, cursor], error) {
	return a.histories(ctx, &in.HistoryInput, "", in.FieldID)
}

func (a *API) listUserHistories(ctx context.Context, in *userHistoryInput) (*list[historyRow, cursor], error) {
	return a.histories(ctx, &in.HistoryInput, in.UserID, "")
}

func (a *API) listUserFieldHistories(ctx context.Context, in *userFieldHistoryInput) (*list[historyRow, cursor], error) {
	return a.histories(ctx, &in.HistoryInput, in.UserID, in.FieldID)
}

func (a *API) histories(ctx context.Context, in *HistoryInput, user, field string) (*list[historyRow, cursor], error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	if field != "" {
		if filter.FieldID, err = a.Fields.ID(ctx, here(ctx), field); err != nil {
			return nil, err
		}
	}
	if user != "" {
		found, err := a.Members.Find(ctx, here(ctx), user)
		if err != nil {
			return nil, err
		}
		filter.UserID = found.ID
	}
	rows, next, err := a.Members.Histories(ctx, here(ctx), filter)
	if err != nil {
		return nil, err
	}
	return respondList("Histories of user fields", convert(rows, wireHistory), cursorMeta(in.Limit, next)), nil
}

type newHistory struct {
	CommunityPath
	UserPath
	FieldPath
	Body struct {
		Value any    `json:"value" doc:"A value of the field's type; null clears it. Tags: a list of names."`
		At    string `json:"at,omitempty" format:"date-time" example:"2026-04-07T08:50:16.000Z" doc:"Since when it is so, not in the future; now when it is left out. The field has the value from now on in any case."`
	} `nameHint:"NewHistory"`
}

func (a *API) createHistory(ctx context.Context, in *newHistory) (*answer[historyRow], error) {
	found, err := a.Members.Find(ctx, here(ctx), in.UserID)
	if err != nil {
		return nil, err
	}
	var wrong []errs.Field
	v := member.FieldValue{Field: in.FieldID, Value: in.Body.Value, Since: moment("at", in.Body.At, 0, &wrong)}
	if len(wrong) > 0 {
		return nil, errs.InvalidFields(wrong)
	}
	actor := actor.FromContext(ctx)
	made, err := a.Members.Record(ctx, actor, here(ctx), found.ID, v, apiSource(ctx))
	if err != nil {
		return nil, err
	}
	return respond("User field changed", wireHistory(made)), nil
}

type historyPath struct {
	CommunityPath
	HistoryID string `path:"historyId" doc:"The _id of the row."`
}

func (a *API) revertHistory(ctx context.Context, in *historyPath) (*answer[historyRow], error) {
	made, err := a.Members.Revert(ctx, actor.FromContext(ctx), here(ctx), in.HistoryID)
	if err != nil {
		return nil, err
	}
	return respond("User field reverted", wireHistory(made)), nil
}

// apiSource is the source of changes that a request of the API makes.
func apiSource(ctx context.Context) member.Source {
	return member.Source{Type: "api", ID: actor.FromContext(ctx).KeyID}
}
