package field

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
)

func (h *handlers) fieldRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/user-fields", ID: "listUserFields", Summary: "List user fields",
		Permissions: readFields,
		Description: "Lists the default fields, then the custom fields of the community.",
	}, h.listFields)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/communities/{communityId}/user-fields", ID: "createUserField", Summary: "Create a user field",
		Permissions: writeFields, Traits: api.Created,
		Description: "`field` and `name` are unique in the community. They cannot be the names of default fields, of other values of members (such as `xp`, `coins`, `user_id`) or of special columns of files (`_line`, `..._op`).",
	}, h.createField)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/user-fields/{fieldId}", ID: "getUserField", Summary: "Get a user field",
		Permissions: readFields,
		Description: "`fieldId` is the `_id` or the database name of a default or custom field. 404 `field_not_found`.",
	}, h.getField)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/communities/{communityId}/user-fields/{fieldId}", ID: "updateUserField", Summary: "Update a user field",
		Permissions: writeFields,
		Description: "Omitted properties are unchanged. Another type or other options convert the values of all members, each with a row in the history; if one cannot be converted, nothing is changed: 409 `values_do_not_fit` or `option_in_use`. 409 `not_unique` if an identifier would not be unique, `field_busy` while a job processes the values, `default_field` for a default field.\n\n" +
			"In a community with more than a few thousand members a job does this: `work` has its progress, and values cannot be changed until it ends, except while an index is built.",
	}, h.updateField)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/communities/{communityId}/user-fields/{fieldId}", ID: "deleteUserField", Summary: "Delete a user field",
		Permissions: writeFields,
		Description: "Deletes the values too, but not the history. 409 `confirm_needed` with the number of members that have a value.",
	}, h.deleteField)
}

type userField struct {
	ID           string     `json:"_id" doc:"For a default field the same as field."`
	Field        string     `json:"field" example:"loyalty-number" doc:"The database name: the key in customFields."`
	Name         string     `json:"name" example:"Loyalty number" doc:"The displayed name, and the header in files."`
	Type         string     `json:"type" example:"single-line-text"`
	Options      []string   `json:"options,omitempty" doc:"Options of select and multi-select."`
	Required     bool       `json:"required"`
	DefaultValue any        `json:"defaultValue,omitempty" doc:"A value of the field's type."`
	Description  string     `json:"description"`
	Filterable   bool       `json:"filterable" doc:"The field has an index for filtered lists, once work is done."`
	Identifier   bool       `json:"identifier" doc:"Unique in the community: bulk updates can match members by it."`
	Default      bool       `json:"default" doc:"A default field; it cannot be changed."`
	Order        int64      `json:"order" doc:"Smaller first; equal ones by creation."`
	Work         *fieldWork `json:"work,omitempty" doc:"A job that processes the values of the field, or its error; absent: none."`
	CreatedAt    string     `json:"createdAt,omitempty" format:"date-time" doc:"Absent for a default field."`
}

func newFieldView(f field.Field) userField {
	return userField{
		ID: f.ID, Field: f.Field, Name: f.Name, Type: string(f.Type), Options: f.Options, Required: f.Required,
		DefaultValue: f.DefaultValue, Description: f.Description, Filterable: f.Filterable, Identifier: f.Identifier,
		Default: f.Default, Order: f.Order, Work: newFieldWork(f.Work), CreatedAt: clock.Format(f.CreatedAt),
	}
}

type newField struct {
	wire.CommunityPath
	Body struct {
		Field        string   `json:"field" example:"loyalty-number" doc:"1 to 50 characters; spaces become hyphens."`
		Name         string   `json:"name" example:"Loyalty number" doc:"1 to 100 characters."`
		Type         string   `json:"type" example:"single-line-text" doc:"single-line-text, multi-line-text, numerical, boolean, date, select, multi-select, email, phone, country or url; text and number are aliases of the first and third."`
		Options      []string `json:"options,omitempty" doc:"Options of select and multi-select, which require them."`
		Required     bool     `json:"required,omitempty"`
		DefaultValue any      `json:"defaultValue,omitempty" doc:"A value of the field's type."`
		Description  string   `json:"description,omitempty"`
		Filterable   bool     `json:"filterable,omitempty"`
		Identifier   bool     `json:"identifier,omitempty" doc:"Unique in the community."`
	} `nameHint:"NewUserField"`
}

func (h *handlers) listFields(ctx context.Context, _ *wire.CommunityPath) (*api.Answer[[]userField], error) {
	fields, err := h.fields.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("User fields of the community", api.Convert(fields, newFieldView)), nil
}

func (h *handlers) createField(ctx context.Context, in *newField) (*api.Answer[userField], error) {
	b := &in.Body
	created, err := h.fields.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), field.Input{
		Field: b.Field, Name: b.Name, Type: field.Type(b.Type), Options: b.Options, Required: b.Required,
		DefaultValue: b.DefaultValue, Description: b.Description, Filterable: b.Filterable, Identifier: b.Identifier,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("User field created", newFieldView(created)), nil
}

// fieldWork is a job that processes the values of a field.
type fieldWork struct {
	Kind  string `json:"kind" example:"convert" doc:"index: builds the index of a filterable field; identify: checks the values of an identifier; convert: converts values to another type; clear: deletes values."`
	Done  int64  `json:"done" doc:"Processed members."`
	Total int64  `json:"total" doc:"An estimate of all members, at its start."`
	Error string `json:"error,omitempty" doc:"Why it failed. The field is unchanged, unless the text names members that were converted."`
}

func newFieldWork(w field.Work) *fieldWork {
	if w.Kind == "" {
		return nil
	}
	return &fieldWork{w.Kind, w.Done, w.Total, w.Error.English}
}

// optionalValue is a JSON value that distinguishes null from absent.
type optionalValue struct {
	set   bool
	value any
}

// UnmarshalJSON decodes any value.
func (a *optionalValue) UnmarshalJSON(text []byte) error {
	a.set = true
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(&a.value)
}

// Schema allows any value.
func (optionalValue) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

type fieldInput struct {
	wire.CommunityPath
	Path
}

type fieldUpdate struct {
	wire.CommunityPath
	Path
	Body struct {
		Field        *string            `json:"field,omitempty" doc:"The current database name, which cannot be changed."`
		Name         *string            `json:"name,omitempty" doc:"1 to 100 characters."`
		Type         *string            `json:"type,omitempty" example:"numerical" doc:"Another type converts the values of all members, or is rejected if one cannot be converted."`
		Options      []string           `json:"options,omitempty" doc:"All options, in order."`
		Replace      map[string]*string `json:"replace,omitempty" doc:"By removed option, its replacement in the values of members; null: none."`
		Required     *bool              `json:"required,omitempty"`
		DefaultValue optionalValue      `json:"defaultValue,omitempty" doc:"A value of the field's type; null removes the default."`
		Description  *string            `json:"description,omitempty"`
		Filterable   *bool              `json:"filterable,omitempty"`
		Identifier   *bool              `json:"identifier,omitempty" doc:"Unique in the community; rejected if two members have the same value."`
		Order        *int64             `json:"order,omitempty" minimum:"0" maximum:"1000000" doc:"Smaller first, in lists, forms and templates."`
	} `nameHint:"UserFieldUpdate"`
}

func (h *handlers) getField(ctx context.Context, in *fieldInput) (*api.Answer[userField], error) {
	f, err := h.fields.Get(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.FieldID)
	if err != nil {
		return nil, err
	}
	return api.Respond("User field of the community", newFieldView(f)), nil
}

func (h *handlers) updateField(ctx context.Context, in *fieldUpdate) (*api.Answer[userField], error) {
	b := &in.Body
	f, err := h.changes.UpdateField(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.FieldID, field.Update{
		Field: b.Field, Name: b.Name, Type: (*field.Type)(b.Type), Options: b.Options, Replace: b.Replace, Required: b.Required,
		DefaultValue: b.DefaultValue.value, NoDefault: b.DefaultValue.set && b.DefaultValue.value == nil,
		Description: b.Description, Filterable: b.Filterable, Identifier: b.Identifier, Order: b.Order,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("User field updated", newFieldView(f)), nil
}

type fieldDeletion struct {
	wire.CommunityPath
	Path
	Confirm string `query:"confirm" maxLength:"200" doc:"The database name; required if members have values."`
}

func (h *handlers) deleteField(ctx context.Context, in *fieldDeletion) (*api.Answer[wire.Deleted], error) {
	deleted, err := h.changes.DeleteField(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.FieldID, in.Confirm)
	if err != nil {
		return nil, err
	}
	return api.Respond("User field deleted", wire.Deleted{ID: deleted.ID}), nil
}

// Path is the part of an input that names a field in the path.
type Path struct {
	FieldID string `path:"fieldId" doc:"The _id or database name of the field."`
}
