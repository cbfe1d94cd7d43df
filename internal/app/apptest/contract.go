package apptest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/paths"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// contract validates responses against api/openapi.yaml, which a test of the
// document compares with the code.
type contract struct {
	model     *v3.Document
	validator validator.Validator
	options   *config.ValidationOptions // of lookups of paths
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	text, err := readUpwards(filepath.Join("api", "openapi.yaml"))
	if err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	model, err := document.BuildV3Model()
	if err != nil {
		return nil, err
	}
	return &contract{
		model: &model.Model, validator: validator.NewValidatorFromV3Model(&model.Model, config.WithFormatAssertions()),
		options: config.NewValidationOptions(config.WithRegexCache(&sync.Map{})), // else each lookup compiles the patterns of all paths
	}, nil
})

// readUpwards reads a file of the module by its path there. Tests run in the folder of
// their package.
func readUpwards(path string) ([]byte, error) {
	for {
		text, err := os.ReadFile(path)
		if !errors.Is(err, fs.ErrNotExist) || len(path) > 100 {
			return text, err
		}
		path = filepath.Join("..", path)
	}
}

// validating is a transport that fails the test on a response that the document
// does not describe. Operations outside the document are not checked.
type validating struct {
	t    testing.TB
	next http.RoundTripper
}

// Client returns a client that validates responses and follows no redirects.
func (a *App) Client(t testing.TB) *http.Client {
	return &http.Client{Transport: validating{t, a.client.Transport}, CheckRedirect: a.client.CheckRedirect}
}

// RoundTrip sends a request.
func (v validating) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := v.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	var body []byte // not of files and streams
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind == "application/json" {
		body, err = io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			return nil, err
		}
		response.Body = io.NopCloser(bytes.NewReader(body))
	}
	c, err := loadContract()
	if err != nil {
		return nil, err
	}
	for _, problem := range c.problems(r, response, body) {
		v.t.Errorf("%s %s: the response differs from the document: %s: %s", r.Method, r.URL.Path, problem, body)
	}
	return response, nil
}

// problems returns the differences between a response and the document.
func (c *contract) problems(r *http.Request, response *http.Response, body []byte) (list []string) {
	described := &http.Request{Method: r.Method, Header: r.Header, URL: &url.URL{Path: strings.TrimPrefix(r.URL.Path, "/apis")}}
	if item, _, _ := paths.FindPath(described, c.model, c.options); item == nil || item.GetOperations().GetOrZero(strings.ToLower(r.Method)) == nil {
		return nil
	}
	answer := *response
	answer.Body = io.NopCloser(bytes.NewReader(body))
	valid, problems := c.validator.ValidateHttpResponse(described, &answer)
	if valid {
		return nil
	}
	for _, p := range problems {
		list = append(list, p.Error())
	}
	return list
}
