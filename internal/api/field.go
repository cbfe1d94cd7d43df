package api

import (
	"context"

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
