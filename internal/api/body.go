package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

const maxJSON = 1 << 20

// readBody reads the JSON body and replaces it, so that it can be read again. It
// rejects unknown fields, or names them in a header if the operation is Compat.
func (a *API) readBody(rt *Route, op *huma.Operation, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	kind := r.Header.Get("Content-Type")
	r.Header.Set("Content-Type", "application/json")
	body, err := httpx.ReadBody(r, maxJSON)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 { // an empty body has no type
		return body, nil
	}
	if !isJSON(kind) {
		return nil, errs.New(errs.Unsupported, "unsupported_media_type", "Send the body as JSON, with Content-Type: application/json.")
	}
	value, err := decodeJSON(body)
	if err != nil {
		return nil, err
	}
	var schema *huma.Schema
	if op.RequestBody != nil {
		schema = op.RequestBody.Content["application/json"].Schema
	}
	unknown := a.unknownFields(schema, value, "")
	if rt.is(Compat) {
		SetUnknownFields(w, unknown)
		return body, nil
	}
	var wrong []errs.Field
	for _, name := range unknown {
		wrong = append(wrong, errs.Field{Field: name, Code: "unknown_field", Message: "The operation has no field of this name."})
	}
	return body, errs.InvalidFields(wrong)
}

// isJSON reports whether a content type is JSON or absent.
func isJSON(kind string) bool {
	media, _, err := mime.ParseMediaType(kind)
	return kind == "" || err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// decodeJSON decodes one JSON value. It rejects text that the databases cannot
// store: invalid UTF-8 and the character NUL.
func decodeJSON(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, errs.New(errs.Invalid, "bad_json", "The body is not UTF-8.")
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return nil, syntaxError(body, err)
	}
	if containsNUL(value) {
		return nil, errs.New(errs.Invalid, "bad_json", "The body contains the character NUL. Remove it.")
	}
	return value, nil
}

// syntaxError returns an error with the position of a JSON error, in lines and
// characters.
func syntaxError(body []byte, cause error) error {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](cause); ok {
		return errs.New(errs.Invalid, "bad_json", "A number in the body is too large.").Because(cause)
	}
	syntax, ok := errors.AsType[*json.SyntaxError](cause)
	if !ok || syntax.Offset < 1 || strings.HasPrefix(syntax.Error(), "unexpected end") {
		return errs.New(errs.Invalid, "bad_json", "The body is not JSON: it ends too early.").Because(cause)
	}
	before := body[:min(syntax.Offset, int64(len(body)))-1]
	line, begin := bytes.Count(before, []byte("\n"))+1, bytes.LastIndexByte(before, '\n')+1
	column := utf8.RuneCount(before[begin:]) + 1
	return errs.New(errs.Invalid, "bad_json", "The body is not JSON: look at line %d, character %d.", line, column).Because(cause)
}

func containsNUL(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		return slices.ContainsFunc(v, containsNUL)
	case map[string]any:
		for key, item := range v {
			if containsNUL(key) || containsNUL(item) {
				return true
			}
		}
	}
	return false
}

// unknownFields returns the paths of fields that are not in schema, sorted. A nil
// schema has no fields.
func (a *API) unknownFields(schema *huma.Schema, value any, path string) (unknown []string) {
	for schema != nil && schema.Ref != "" {
		schema = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	switch v := value.(type) {
	case []any:
		if schema != nil && schema.Items != nil {
			for _, item := range v {
				unknown = append(unknown, a.unknownFields(schema.Items, item, path)...)
			}
		}
	case map[string]any:
		for key, item := range v {
			property, known := findProperty(schema, key)
			if !known {
				unknown = append(unknown, path+key)
			} else if property != nil {
				unknown = append(unknown, a.unknownFields(property, item, path+key+".")...)
			}
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

// findProperty returns the schema of a property, compared without case as in the
// decoder. An object with additional properties has every key.
func findProperty(schema *huma.Schema, key string) (property *huma.Schema, known bool) {
	if schema == nil {
		return nil, false
	}
	for name, property := range schema.Properties {
		if strings.EqualFold(name, key) {
			return property, true
		}
	}
	free, isSchema := schema.AdditionalProperties.(*huma.Schema)
	return free, isSchema || len(schema.Properties) == 0
}

// allowUnknown makes the validation of an operation accept unknown fields.
func (a *API) allowUnknown(rt Route) {
	item := a.huma.OpenAPI().Paths[rt.Path]
	for _, op := range []*huma.Operation{item.Post, item.Put, item.Patch} {
		if op != nil && op.OperationID == rt.ID && op.RequestBody != nil {
			a.openSchema(op.RequestBody.Content["application/json"].Schema)
		}
	}
}

func (a *API) openSchema(schema *huma.Schema) {
	for schema != nil && schema.Ref != "" {
		schema = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return
	}
	a.openSchema(schema.Items)
	for _, property := range schema.Properties {
		a.openSchema(property)
	}
	if closed, ok := schema.AdditionalProperties.(bool); ok && !closed {
		schema.AdditionalProperties = true
	}
}

const maxUnknownNames = 20

// SetUnknownFields lists ignored fields in a header. The names come from the
// client, so they are escaped and limited.
func SetUnknownFields(w http.ResponseWriter, unknown []string) {
	if len(unknown) == 0 {
		return
	}
	if len(unknown) > maxUnknownNames {
		unknown = append(unknown[:maxUnknownNames:maxUnknownNames], "...")
	}
	escaped := make([]string, len(unknown))
	for i, name := range unknown {
		if len(name) > 64 {
			name = strings.ToValidUTF8(name[:64], "") + "..."
		}
		escaped[i] = url.PathEscape(name)
	}
	w.Header().Set("X-Unknown-Fields", strings.Join(escaped, ", "))
}
