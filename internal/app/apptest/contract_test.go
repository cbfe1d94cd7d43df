package apptest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"
)

func TestResponsesAreComparedWithTheDocument(t *testing.T) {
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	const right = `{"status":"success","message":"Tags","data":[{"_id":"6a21d1c09f3b0c4d5e6f7a8b","name":"VIP","createdAt":"2026-11-28T10:00:00.000Z"}]}`
	for _, test := range []struct {
		name, path string
		status     int
		kind, body string
		differs    bool
	}{
		{"as described", "/v1/communities/c/tags", 200, "application/json", right, false},
		{"older address", "/apis/v1/communities/c/tags", 200, "application/json", right, false},
		{"not in the document", "/healthz", 200, "application/json", `{"x":1}`, false},
		{"unknown field", "/v1/communities/c/tags", 200, "application/json", `{"status":"success","message":"Tags","data":[],"more":1}`, true},
		{"missing field", "/v1/communities/c/tags", 200, "application/json", `{"status":"success","data":[]}`, true},
		{"wrong type", "/v1/communities/c/tags", 200, "application/json", `{"status":"success","message":"Tags","data":{}}`, true},
		{"unknown status", "/v1/communities/c/tags", 206, "application/json", right, true},
		{"unknown media type", "/v1/communities/c/tags", 200, "text/html", right, true},
	} {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: test.path}, Header: http.Header{}}
		answer := &http.Response{StatusCode: test.status, Header: http.Header{"Content-Type": {test.kind}}, Body: io.NopCloser(bytes.NewReader([]byte(test.body)))}
		if problems := c.problems(r, answer, []byte(test.body)); (len(problems) > 0) != test.differs {
			t.Errorf("%s: %v", test.name, problems)
		}
	}
}
