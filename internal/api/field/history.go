package field

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
)

const historyText = "Recorded changes, newest first; then the initial values of members, as rows of the source `created` with the time of joining as `validFrom`. `from` and `to` filter by `validFrom`. A part may have fewer rows than `limit`: continue until `nextCursor` is null."

func (h *handlers) historyRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/user-field-histories", ID: "listHistories", Summary: "List changes of values",
		Permissions: readValues,
		Description: historyText,
	}, h.listHistories)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/user-fields/{fieldId}/histories", ID: "listFieldHistories", Summary: "List changes of a field's values",
		Permissions: readValues,
		Description: "Works for deleted fields too. " + historyText,
	}, h.listFieldHistories)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/users/{userId}/user-field-histories", ID: "listUserHistories", Summary: "List changes of a user's values",
		Permissions: readValues,
		Description: historyText,
	}, h.listUserHistories)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/users/{userId}/user-fields/{fieldId}/histories", ID: "listUserFieldHistories", Summary: "List changes of one value",
		Permissions: readValues,
		Description: historyText,
	}, h.listUserFieldHistories)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/communities/{communityId}/users/{userId}/user-fields/{fieldId}/histories", ID: "createHistory", Summary: "Change a value",
		Permissions: writeFields, Traits: api.Created,
		Description: "Sets the value from now on; `at` is the time since which it is valid. The member must be yourself or rank below you: 403 `rank_too_low`. 409 `value_unchanged` if the field has the value, `identifier_taken` or `username_taken` if another member has it, `account_shared` for the username of a claimed member, which changes with the account, `field_busy` while the values of the field are converted.",
	}, h.createHistory)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/communities/{communityId}/user-field-histories/{historyId}/revert", ID: "revertHistory", Summary: "Revert a change",
		Permissions: writeFields,
		Description: "Restores the previous value as a new change, regardless of later changes. The member must be yourself or rank below you: 403 `rank_too_low`. For roles, it removes the roles that were added and adds the roles that were removed; this also requires the permission `roles`, and ranks as for assigning a role. Initial values cannot be reverted: 404. 409 `field_gone` if the field was deleted, `value_does_not_fit` if the value is no longer valid, `value_unchanged` if the field has it.",
	}, h.revertHistory)
}

type historyRow struct {
	ID         string     `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID     string     `json:"userId" example:"6a21d1c09f3b0c4d5e6f7a8b" doc:"The _id of the user."`
	FieldID    string     `json:"fieldId" doc:"The _id of the field."`
	Field      string     `json:"field" example:"plan" doc:"The field's database name; also for a deleted field."`
	OldValue   any        `json:"oldValue" doc:"A value of the field's type; null: unset. Roles and tags are names."`
	NewValue   any        `json:"newValue" doc:"A value of the field's type; null: cleared."`
	ValidFrom  string     `json:"validFrom" format:"date-time" doc:"The time since which the value is valid."`
	RecordedAt string     `json:"recordedAt" format:"date-time" doc:"The time of the change."`
	Source     wireSource `json:"source"`
	Actor      string     `json:"actor" example:"key:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id>, command or open; empty: unknown."`
}

type wireSource struct {
	Type string `json:"type" example:"import" doc:"import, update, undo (bulk jobs), api, console, revert, field, tag, created and others."`
	ID   string `json:"id" doc:"The _id of the job, key, row or definition; empty: none."`
}

func newHistoryRow(h member.HistoryRow) historyRow {
	return historyRow{
		ID: h.ID, UserID: h.UserID, FieldID: h.FieldID, Field: h.Field, OldValue: h.Old, NewValue: h.New,
		ValidFrom: clock.Format(h.ValidFrom), RecordedAt: clock.Format(h.RecordedAt), Source: wireSource{h.Source.Type, h.Source.ID}, Actor: h.Actor,
	}
}

// HistoryInput is the part of an input that selects rows of the history.
type HistoryInput struct {
	wire.CommunityPath
	wire.CursorInput
	From   string `query:"from" example:"2026-04-01" doc:"Only values valid from this time on or later: RFC 3339, or a day (UTC)."`
	To     string `query:"to" example:"2026-04-30" doc:"Only values valid from before this time: RFC 3339, or a day (UTC), inclusive."`
	Source string `query:"source" maxLength:"50" example:"import" doc:"Only changes from sources of this type."`
}

func (in *HistoryInput) filter() (directory.HistoryFilter, error) {
	f := directory.HistoryFilter{Source: in.Source, Cursor: in.Cursor, Limit: in.Limit}
	var wrong []errs.Field
	f.From = wire.ParseTime("from", in.From, 0, &wrong)
	f.To = wire.ParseTime("to", in.To, 24*time.Hour, &wrong)
	return f, errs.InvalidFields(wrong)
}

type userHistoryInput struct {
	HistoryInput
	wire.UserPath
}

type fieldHistoryInput struct {
	HistoryInput
	Path
}

type userFieldHistoryInput struct {
	HistoryInput
	wire.UserPath
	Path
}

func (h *handlers) listHistories(ctx context.Context, in *HistoryInput) (*api.List[historyRow, wire.Cursor], error) {
	return h.histories(ctx, in, "", "")
}

func (h *handlers) listFieldHistories(ctx context.Context, in *fieldHistoryInput) (*api.List[historyRow, wire.Cursor], error) {
	return h.histories(ctx, &in.HistoryInput, "", in.FieldID)
}

func (h *handlers) listUserHistories(ctx context.Context, in *userHistoryInput) (*api.List[historyRow, wire.Cursor], error) {
	return h.histories(ctx, &in.HistoryInput, in.UserID, "")
}

func (h *handlers) listUserFieldHistories(ctx context.Context, in *userFieldHistoryInput) (*api.List[historyRow, wire.Cursor], error) {
	return h.histories(ctx, &in.HistoryInput, in.UserID, in.FieldID)
}

func (h *handlers) histories(ctx context.Context, in *HistoryInput, user, field string) (*api.List[historyRow, wire.Cursor], error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	if field != "" {
		if filter.FieldID, err = h.fields.ID(ctx, actor.FromContext(ctx), api.CommunityID(ctx), field); err != nil {
			return nil, err
		}
	}
	if user != "" {
		found, err := h.members.Find(ctx, actor.FromContext(ctx), api.CommunityID(ctx), user)
		if err != nil {
			return nil, err
		}
		filter.UserID = found.ID
	}
	rows, next, err := h.members.Histories(ctx, actor.FromContext(ctx), api.CommunityID(ctx), filter)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Histories of user fields", api.Convert(rows, newHistoryRow), wire.NewCursor(in.Limit, next)), nil
}

type newHistory struct {
	wire.CommunityPath
	wire.UserPath
	Path
	Body struct {
		Value any    `json:"value" doc:"A value of the field's type; null clears it. Tags: a list of names."`
		At    string `json:"at,omitempty" format:"date-time" example:"2026-04-07T08:50:16.000Z" doc:"The time since which it is valid, not in the future; absent: now. The field has the value from now on in any case."`
	} `nameHint:"NewHistory"`
}

func (h *handlers) createHistory(ctx context.Context, in *newHistory) (*api.Answer[historyRow], error) {
	found, err := h.members.Find(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID)
	if err != nil {
		return nil, err
	}
	var wrong []errs.Field
	v := member.FieldValue{Field: in.FieldID, Value: in.Body.Value, Since: wire.ParseTime("at", in.Body.At, 0, &wrong)}
	if len(wrong) > 0 {
		return nil, errs.InvalidFields(wrong)
	}
	actor := actor.FromContext(ctx)
	created, err := h.members.SetValue(ctx, actor, api.CommunityID(ctx), found.ID, v, wire.Source(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("User field updated", newHistoryRow(created)), nil
}

type historyPath struct {
	wire.CommunityPath
	HistoryID string `path:"historyId" doc:"The _id of the row."`
}

func (h *handlers) revertHistory(ctx context.Context, in *historyPath) (*api.Answer[historyRow], error) {
	created, err := h.members.Revert(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.HistoryID)
	if err != nil {
		return nil, err
	}
	return api.Respond("User field reverted", newHistoryRow(created)), nil
}
