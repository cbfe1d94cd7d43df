package api

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/field"
)

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
