// Package limit has the operation that lists limits.
package limit

import (
	"context"

	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/feature"
)

// New returns the area with the limits in force.
func New(limits []feature.Limit) api.Area {
	return api.Area{Tag: "Messages", Routes: func(g *api.Group) {
		api.Add(g, api.Route{
			Method: "GET", Path: "/v1/limits", ID: "listLimits", Summary: "List the limits in force", Traits: api.AnyCredential,
			Description: "Of messages, channels, live connections, requests and files. Over a rate the response is 429 with `Retry-After`.",
		}, func(context.Context, *struct{}) (*api.Answer[[]Limit], error) {
			return api.Respond("Limits", api.Convert(limits, newLimit)), nil
		})
	}}
}

// Limit is a limit on the wire.
type Limit struct {
	Name    string  `json:"name" example:"message_length"`
	Value   int64   `json:"value" doc:"0 for a rate or a size that is not limited."`
	Unit    string  `json:"unit" example:"characters"`
	Window  *int64  `json:"window" nullable:"true" doc:"Of a rate, in seconds; null for others."`
	Setting *string `json:"setting" nullable:"true" doc:"The setting of the community or the installation that changes the value; null for a fixed one."`
}

func newLimit(l feature.Limit) Limit {
	shown := Limit{Name: l.Name, Value: l.Value, Unit: l.Unit}
	if l.Window != 0 {
		shown.Window = &l.Window
	}
	if l.Setting != "" {
		shown.Setting = &l.Setting
	}
	return shown
}
