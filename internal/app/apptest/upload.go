package apptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/bulk"
)

// Upload sends a file and form fields to a path of the API and returns the
// status and the decoded JSON of the response.
func (a *App) Upload(t testing.TB, path, token, fileName string, content []byte, fields map[string]string) (status int, answer map[string]any) {
	t.Helper()
	body, kind := Form(t, fileName, content, fields)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	status, _, got := a.Send(t, r)
	if err := json.Unmarshal(got, &answer); err != nil {
		t.Fatalf("%s: %v: %s", path, err, got)
	}
	return status, answer
}

// Form returns the body of a multipart upload and its content type. The file
// is the part "data".
func Form(t testing.TB, fileName string, content []byte, fields map[string]string) (body []byte, contentType string) {
	t.Helper()
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	var failures error
	for name, value := range fields {
		failures = errors.Join(failures, form.WriteField(name, value))
	}
	part, err := form.CreateFormFile("data", fileName)
	if err == nil {
		_, err = part.Write(content)
	}
	if err := errors.Join(failures, err, form.Close()); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes(), form.FormDataContentType()
}

// Import uploads a CSV file with an API key of the community and returns the
// final status of the job.
func (a *App) Import(t testing.TB, communityID, key, csv string, fields map[string]string) bulk.Status {
	t.Helper()
	status, answer := a.Upload(t, "/v1/users/bulk-import", key, "members.csv", []byte(csv), fields)
	data, ok := answer["data"].(map[string]any)
	if status != http.StatusOK || !ok {
		t.Fatalf("import: status %d: %v", status, answer)
	}
	return a.Await(t, communityID, data["jobId"].(string))
}

// Await waits until a bulk job has ended and returns its status.
func (a *App) Await(t testing.TB, communityID, jobID string) bulk.Status {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(Timeout)
	for {
		status, err := a.Bulk.Status(t.Context(), Operator, communityID, jobID)
		if err != nil {
			t.Fatal(err)
		}
		if status.Finished() {
			return status
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the job has not ended: %+v", status)
		}
	}
}
