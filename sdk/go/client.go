// Package regulars is a client for the API of a Regulars server. client.gen.go has
// a method for each operation of the OpenAPI document, with the suffix
// "WithResponse"; this file adds errors, uploads and waiting for jobs.
package regulars

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"
)

// APIError is an error response of the server. Use errors.As to get it from the
// error of a call.
type APIError struct {
	StatusCode int    // HTTP status
	Code       string // stable, in snake_case
	Message    string // cause and remedy
	Errors     []WrongField
	RequestID  string
}

func (e *APIError) Error() string { return fmt.Sprintf("%s (%s, %d)", e.Message, e.Code, e.StatusCode) }

// New returns a client for the server at baseURL. token is a session token or an
// API key, "" for none. Options can set the HTTP client; do not set a timeout on
// it if you upload files.
func New(baseURL, token string, options ...ClientOption) (*ClientWithResponses, error) {
	options = append(options, failOnError, WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return nil
	}))
	return NewClientWithResponses(baseURL, options...)
}

// failOnError converts error responses to *APIError.
func failOnError(c *Client) error {
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	c.Client = errorDoer{c.Client}
	return nil
}

type errorDoer struct{ HttpRequestDoer }

const maxErrorBody = 1 << 20

// Do sends a request and returns error responses as *APIError.
func (d errorDoer) Do(r *http.Request) (*http.Response, error) {
	response, err := d.HttpRequestDoer.Do(r)
	if err != nil || response.StatusCode < 300 {
		return response, err
	}
	defer func() { _ = response.Body.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	if err != nil {
		return nil, err
	}
	var failure Failure
	if json.Unmarshal(text, &failure) != nil || failure.Code == "" {
		return nil, &APIError{StatusCode: response.StatusCode, Code: "no_answer_of_the_api", Message: response.Status}
	}
	return nil, &APIError{response.StatusCode, failure.Code, failure.Message, failure.Errors, failure.RequestId}
}

// ImportOptions are the options of an import. The zero value creates and updates
// members.
type ImportOptions struct {
	CommunityID    string // required with a session token
	FileName       string // shown with the bulk job; "": members.csv
	IdempotencyKey string // a retry with the same key returns the same job
	Mode           string // "upsert" or "", "create", "update"
	DryRun         bool   // validates the file without changes
	CreateTags     bool
}

// ImportUsers uploads a file of members and returns the id of the bulk job. The
// file is streamed.
func ImportUsers(ctx context.Context, c *ClientWithResponses, file io.Reader, o ImportOptions) (jobID string, err error) {
	body, form := io.Pipe()
	w := multipart.NewWriter(form)
	go func() { _ = form.CloseWithError(writeForm(w, file, o)) }() // returned to the reader
	params := &ImportUsersParams{}
	if o.IdempotencyKey != "" {
		params.IdempotencyKey = &o.IdempotencyKey
	}
	response, err := c.ImportUsersWithBodyWithResponse(ctx, params, w.FormDataContentType(), body)
	_ = body.Close() // stops the writer if the server did not read the whole body
	if err != nil {
		return "", err
	}
	var started struct{ Data struct{ JobID string } }
	if err := json.NewDecoder(bytes.NewReader(response.Body)).Decode(&started); err != nil {
		return "", err
	}
	return started.Data.JobID, nil
}

func writeForm(w *multipart.Writer, file io.Reader, o ImportOptions) error {
	if o.FileName == "" {
		o.FileName = "members.csv"
	}
	fields := map[string]string{"communityId": o.CommunityID, "mode": o.Mode}
	for name, chosen := range map[string]bool{"dryRun": o.DryRun, "createTags": o.CreateTags} {
		if chosen {
			fields[name] = "true"
		}
	}
	for name, value := range fields {
		if value == "" {
			continue
		}
		if err := w.WriteField(name, value); err != nil {
			return err
		}
	}
	part, err := w.CreateFormFile("data", o.FileName)
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, file); err != nil {
		return err
	}
	return w.Close()
}

// WaitForJob waits until a bulk job has ended and returns it. communityID is
// required with a session token.
func WaitForJob(ctx context.Context, c *ClientWithResponses, communityID, jobID string) (*BulkJob, error) {
	params := &GetBulkJobParams{}
	if communityID != "" {
		params.CommunityId = &communityID
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		response, err := c.GetBulkJobWithResponse(ctx, jobID, params)
		if err != nil {
			return nil, err
		}
		job := response.JSON200.Data
		if job.Status != "queued" && job.Status != "running" {
			return &job, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}
