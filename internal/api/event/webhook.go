package event

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/event"
)

// webhooks describes a body for each event type.
func webhooks(types []event.Type, schemas huma.Registry) map[string]*huma.PathItem {
	list := map[string]*huma.PathItem{}
	for _, t := range types {
		text := func(description, format string) *huma.Schema {
			return &huma.Schema{Type: huma.TypeString, Description: description, Format: format}
		}
		body := &huma.Schema{
			Type: huma.TypeObject,
			Properties: map[string]*huma.Schema{
				"type":        {Type: huma.TypeString, Enum: []any{t.Name}},
				"timestamp":   text("The time of the fact.", "date-time"),
				"communityId": text("The community of the event.", ""),
				"sequence":    {Type: huma.TypeInteger, Format: "int64", Description: "From 1 in the community; those of conversations are left out."},
				"data":        schemas.Schema(reflect.TypeOf(t.Data), true, ""),
			},
			Required: []string{"type", "timestamp", "communityId", "sequence", "data"},
		}
		list[t.Name] = &huma.PathItem{Post: &huma.Operation{
			OperationID: webhookID(t.Name), Summary: t.Name, Description: t.Description, Tags: []string{"Events"},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
			Responses:   map[string]*huma.Response{"200": {Description: "Any 2xx confirms the delivery."}},
		}}
	}
	return list
}

// webhookID returns the operation id of an event type: onUserJoinedServer.
func webhookID(name string) string {
	id := "on"
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '_' }) {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return id
}

// schemaNames returns the names of the schemas of data.
func schemaNames(types []event.Type) map[reflect.Type]string {
	names := map[reflect.Type]string{reflect.TypeFor[wireEvent](): "Event"}
	for _, t := range types {
		data := reflect.TypeOf(t.Data)
		names[data] = data.Name() + "Data"
	}
	return names
}
