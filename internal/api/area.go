package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Area is a part of the API: the operations of one package, under one tag of the
// document. It imports the frame and features, never another area.
type Area struct {
	Tag         string
	Description string       // of the tag; "": another area with the tag has it
	Routes      func(*Group) // adds the operations with Add and AddRaw

	// Webhooks describes the webhooks; nil: none.
	Webhooks func(huma.Registry) map[string]*huma.PathItem

	// SchemaNames are the names of schemas that differ from the names of their types.
	SchemaNames map[reflect.Type]string
	// FieldTexts describe fields of types that belong to features, by the names of
	// schema and field.
	FieldTexts map[string]map[string]string
}

func (a Area) describeFields(schemas huma.Registry) {
	for name, fields := range a.FieldTexts {
		for field, text := range fields {
			schemas.Map()[name].Properties[field].Description = text
		}
	}
}

// Group adds the operations of an area to the API.
type Group struct {
	api *API
	tag string
}
