// Command sdkgen generates the Go client from the OpenAPI document:
//
//	sdkgen api/openapi.yaml sdk/go/client.gen.go
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sdkgen DOCUMENT FILE")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "sdkgen:", err)
		os.Exit(1)
	}
}

func generate(from, to string) error {
	document, err := openapi3.NewLoader().LoadFromFile(from)
	if err != nil {
		return err
	}
	singleError(document)
	nameIDs(document)
	code, err := codegen.Generate(document, codegen.Configuration{
		PackageName:   "regulars",
		Generate:      codegen.GenerateOptions{Client: true, Models: true},
		OutputOptions: codegen.OutputOptions{SkipPrune: true},
		Compatibility: codegen.CompatibilityOptions{AlwaysPrefixEnumValues: true}, // values such as "new" are names of the package
	}.UpdateDefaults())
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(code), 0o644)
}

// singleError replaces the error responses of each operation by one: they
// share a schema, and a field for each would triple the size of the client.
func singleError(document *openapi3.T) {
	for _, path := range document.Paths.Map() {
		for _, operation := range path.Operations() {
			var failure *openapi3.ResponseRef
			for status, response := range operation.Responses.Map() {
				if !strings.HasPrefix(status, "2") {
					failure = response
					operation.Responses.Delete(status)
				}
			}
			if failure != nil {
				operation.Responses.Set("default", document.Components.Responses["Invalid"])
			}
		}
	}
}

// nameIDs sets the Go name of fields called _id.
func nameIDs(document *openapi3.T) {
	for _, schema := range document.Components.Schemas {
		if id := schema.Value.Properties["_id"]; id != nil {
			id.Value.Extensions = map[string]any{"x-go-name": "ID"}
		}
	}
}
