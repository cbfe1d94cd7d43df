package api

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
)

type userField struct {
	ID           string     `json:"_id" doc:"Of a default field the same as field."`
	Field        string     `json:"field" example:"loyalty-number" doc:"Database name: the key in customFields."`
	Name         string     `json:"name" example:"Loyalty number" doc:"What people read, and the header in a file."`
	Type         string     `json:"type" example:"single-line-text"`
	Options      []string   `json:"options,omitempty" doc:"Of select and multi-select."`
	Required     bool       `json:"required"`
	DefaultValue any        `json:"defaultValue,omitempty" doc:"A value of the field's type."`
	Description  string     `json:"description"`
	Filterable   bool       `json:"filterable" doc:"Lists are filtered by it without looking at every member, once work is done."`
	Identifier   bool       `json:"identifier" doc:"Unique in the community: names a member in a bulk update."`
	Default      bool       `json:"default" doc:"Every community has it; it cannot be changed."`
	Order        int64      `json:"order" doc:"The smaller the sooner; equal ones as they were made."`
	Work         *fieldWork `json:"work,omitempty" doc:"What is still being done to all values of the field, or why it was given up; absent when there is nothing."`
	CreatedAt    string     `json:"createdAt,omitempty" format:"date-time" doc:"Absent for a default field."`
}

func wireField(f field.Field) userField {
	return userField{
		ID: f.ID, Field: f.Field, Name: f.Name, Type: string(f.Type), Options: f.Options, Required: f.Required,
		DefaultValue: f.DefaultValue, Description: f.Description, Filterable: f.Filterable, Identifier: f.Identifier,
		Default: f.Default, Order: f.Order, Work: wireWork(f.Work), CreatedAt: clock.Format(f.CreatedAt),
	}
}

type newField struct {
	CommunityPath
	Body struct {
		Field        string   `json:"field" example:"loyalty-number" doc:"1 to 50 characters; spaces become hyphens."`
		Name         string   `json:"name" example:"Loyalty number" doc:"1 to 100 characters."`
		Type         string   `json:"type" example:"single-line-text" doc:"single-line-text, multi-line-text, numerical, boolean, date, select, multi-select, email, phone, country or url; the older names text and number mean the first and third."`
		Options      []string `json:"options,omitempty" doc:"Of select and multi-select, and needed there."`
		Required     bool     `json:"required,omitempty"`
		DefaultValue any      `json:"defaultValue,omitempty" doc:"A value of the field's type."`
		Description  string   `json:"description,omitempty"`
		Filterable   bool     `json:"filterable,omitempty"`
		Identifier   bool     `json:"identifier,omitempty" doc:"Unique in the community."`
	} `nameHint:"NewUserField"`
}

func (a *API) listFields(ctx context.Context, _ *CommunityPath) (*answer[[]userField], error) {
	fields, err := a.Fields.List(ctx, here(ctx))
	if err != nil {
		return nil, err
	}
	return respond("User fields of the community", convert(fields, wireField)), nil
}

func (a *API) createField(ctx context.Context, in *newField) (*answer[userField], error) {
	b := &in.Body
	made, err := a.Fields.Create(ctx, here(ctx), field.Input{
		Field: b.Field, Name: b.Name, Type: field.Type(b.Type), Options: b.Options, Required: b.Required,
		DefaultValue: b.DefaultValue, Description: b.Description, Filterable: b.Filterable, Identifier: b.Identifier,
	})
	if err != nil {
		return nil, err
	}
	return respond("User field created", wireField(made)), nil
}

// fieldWork tells what a job still does to the values of a field.
type fieldWork struct {
	Kind  string `json:"kind" example:"convert" doc:"index: fills the index of a filterable field; identify: takes the keys of an identifier; convert: makes values of another type; clear."`
	Done  int64  `json:"done" doc:"Members so far."`
	Total int64  `json:"total" doc:"Members at its start, about."`
	Error string `json:"error,omitempty" doc:"Why it was given up; the field is as it was, unless the text names members that were converted."`
}

func wireWork(w field.Work) *fieldWork {
	if w.Kind == "" {
		return nil
	}
	return &fieldWork{w.Kind, w.Done, w.Total, w.Error}
}

// anything is a JSON value that may be left out, which null is not.
type anything struct {
	given bool
	value any
}

// UnmarshalJSON takes any value.
func (a *anything) UnmarshalJSON(text []byte) error {
	a.given = true
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(&a.value)
}

// Schema allows every value in the OpenAPI document.
func (anything) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

type fieldInput struct {
	CommunityPath
	FieldPath
}

type fieldUpdate struct {
	CommunityPath
	FieldPath
	Body struct {
		Field        *string            `json:"field,omitempty" doc:"What it is: the database name cannot be changed."`
		Name         *string            `json:"name,omitempty" doc:"1 to 100 characters."`
		Type         *string            `json:"type,omitempty" example:"numerical" doc:"Another type converts every member's value, or is refused when one does not fit."`
		Options      []string           `json:"options,omitempty" doc:"All options, in their order."`
		Replace      map[string]*string `json:"replace,omitempty" doc:"What members who chose an option that goes get instead, by that option; null: nothing."`
		Required     *bool              `json:"required,omitempty"`
		DefaultValue anything           `json:"defaultValue,omitempty" doc:"A value of the field's type; null takes the default away."`
		Description  *string            `json:"description,omitempty"`
		Filterable   *bool              `json:"filterable,omitempty"`
		Identifier   *bool              `json:"identifier,omitempty" doc:"Unique in the community; refused when two members have the same value."`
		Order        *int64             `json:"order,omitempty" minimum:"0" maximum:"1000000" doc:"The smaller the sooner in lists, forms and templates."`
	} `nameHint:"UserFieldUpdate"`
}

func (a *API) getField(ctx context.Context, in *fieldInput) (*answer[userField], error) {
	f, err := a.Fields.Get(ctx, here(ctx), in.FieldID)
	if err != nil {
		return nil, err
	}
	return respond("User field of the community", wireField(f)), nil
}

func (a *API) updateField(ctx context.Context, in *fieldUpdate) (*answer[userField], error) {
	b := &in.Body
	f, err := a.Members.UpdateField(ctx, here(ctx), in.FieldID, field.Update{
		Field: b.Field, Name: b.Name, Type: (*field.Type)(b.Type), Options: b.Options, Replace: b.Replace, Required: b.Required,
		DefaultValue: b.DefaultValue.value, NoDefault: b.DefaultValue.given && b.DefaultValue.value == nil,
		Description: b.Description, Filterable: b.Filterable, Identifier: b.Identifier, Order: b.Order,
	})
	if err != nil {
		return nil, err
	}
	return respond("User field changed", wireField(f)), nil
}

type fieldDeletion struct {
	CommunityPath
	FieldPath
	Confirm string `query:"confirm" maxLength:"200" doc:"The field's database name, once members have values in it."`
}

func (a *API) deleteField(ctx context.Context, in *fieldDeletion) (*answer[deleted], error) {
	gone, err := a.Members.DeleteField(ctx, here(ctx), in.FieldID, in.Confirm)
	if err != nil {
		return nil, err
	}
	return respond("User field deleted", deleted{gone.ID}), nil
}
