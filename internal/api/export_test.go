package api

import (
	"github.com/danielgtaylor/huma/v2"
)

// UnknownFields returns the fields of a body that are unknown to an operation.
func UnknownFields(a *API, op *huma.Operation, body string) ([]string, error) {
	value, err := decodeJSON([]byte(body))
	if err != nil {
		return nil, err
	}
	return a.unknownFields(op.RequestBody.Content["application/json"].Schema, value, ""), nil
}
