package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
)

// CheckAnswer compares an answer with what the document says of it. An address
// that is not described is none of its business.
func CheckAnswer(method, path string, status int, contentType string, body []byte) error {
	a := New(Deps{})
	at := chi.NewRouteContext()
	path, _, _ = strings.Cut(strings.Replace(path, "/apis/v1/", "/v1/", 1), "?")
	if !a.router.Match(at, method, path) || a.huma.OpenAPI().Paths[at.RoutePattern()] == nil {
		return nil
	}
	item := a.huma.OpenAPI().Paths[at.RoutePattern()]
	op := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete}[method]
	response := op.Responses[strconv.Itoa(status)]
	if response == nil {
		return fmt.Errorf("the document does not know the answer %d", status)
	}
	if response.Ref != "" {
		response = a.huma.OpenAPI().Components.Responses[strings.TrimPrefix(response.Ref, "#/components/responses/")]
	}
	kind, _, _ := strings.Cut(contentType, ";")
	media := response.Content[kind]
	if media == nil {
		return fmt.Errorf("the document does not know the type %q of the answer %d", kind, status)
	}
	if kind != "application/json" {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	result := &huma.ValidateResult{}
	huma.Validate(a.huma.OpenAPI().Components.Schemas, media.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, result)
	return errors.Join(result.Errors...)
}
