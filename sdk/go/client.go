// Package regulars is the client of a Regulars server. The operations of its
// OpenAPI document stand in client.gen.go, one method each with
// "WithResponse" at its end; this file holds what a document cannot say.
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

// APIError is a refusal of the server. Calls return it as their error; ask for it
// with errors.As.
type APIError struct {
	StatusCode int    // of HTTP
	Code       string // stable, in snake_case
	Message    string // what happened and what to do
	Errors     []WrongField
	RequestID  string
}

func (e *APIError) Error() string { return fmt.Sprintf("%s (%s, %d)", e.Message, e.Code, e.StatusCode) }

// New returns the client of the server at baseURL. token is a session or an
// API key, "" for none. Options can bring a client of HTTP; one without a
// timeout is right where files are uploaded.
func New(baseURL, token string, options ...ClientOption) (*ClientWithResponses, error) {
	options = append(options, refusing, WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return nil
	}))
	return NewClientWithResponses(baseURL, options...)
}

// refusing makes an answer that is not a success an *APIError.
func refusing(c *Client) error {
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	c.Client = refuser{c.Client}
	return nil
}

type refuser struct{ HttpRequestDoer }

const maxFailure = 1 << 20

// Do is the HttpRequestDoer inside, with refusals as errors.
func (d refuser) Do(r *http.Request) (*http.Response, error) {
	answer, err := d.HttpRequestDoer.Do(r)
	if err != nil || answer.StatusCode < 300 {
		return answer, err
	}
	defer func() { _ = answer.Body.Close() }() // what it said is read, or lost anyway
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxFailure))
	if err != nil {
		return nil, err
	}
	var said Failure
	if json.Unmarshal(text, &said) != nil || said.Code == "" {
		return nil, &APIError{StatusCode: answer.StatusCode, Code: "no_answer_of_the_api", Message: answer.Status}
	}
	return nil, &APIError{answer.StatusCode, said.Code, said.Message, said.Errors, said.RequestId}
}

// ImportOptions say what an import does. The zero value makes and changes
// members.
type ImportOptions struct {
	CommunityID    string // needed with a session
	FileName       string // as the API log shows it; "": members.csv
	IdempotencyKey string // makes a retry the same job
	Mode           string // "upsert" or "", "create", "update"
	DryRun         bool   // reads everything and changes nothing
	CreateTags     bool
}

// ImportUsers uploads a file of members and returns the id of the job that
// works it off. The file is sent as it is read.
func ImportUsers(ctx context.Context, c *ClientWithResponses, file io.Reader, o ImportOptions) (jobID string, err error) {
	body, form := io.Pipe()
	w := multipart.NewWriter(form)
	go func() { _ = form.CloseWithError(writeForm(w, file, o)) }() // the reader sees the error
	params := &ImportUsersParams{}
	if o.IdempotencyKey != "" {
		params.IdempotencyKey = &o.IdempotencyKey
	}
	said, err := c.ImportUsersWithBodyWithResponse(ctx, params, w.FormDataContentType(), body)
	_ = body.Close() // ends the writer where the server did not read to the end
	if err != nil {
		return "", err
	}
	var started struct{ Data struct{ JobID string } }
	if err := json.NewDecoder(bytes.NewReader(said.Body)).Decode(&started); err != nil {
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

// WaitForJob returns a bulk job once it has ended; communityID is needed with
// a session.
func WaitForJob(ctx context.Context, c *ClientWithResponses, communityID, jobID string) (*BulkJob, error) {
	params := &GetBulkJobParams{}
	if communityID != "" {
		params.CommunityId = &communityID
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		said, err := c.GetBulkJobWithResponse(ctx, jobID, params)
		if err != nil {
			return nil, err
		}
		job := said.JSON200.Data
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
